"""Images behind addresses, from a server on this machine that behaves badly when it is asked to."""

import json
import random
import subprocess
import time
import unittest

import numpy as np
from command import NDPIX, Case, figure, load, ndpix, rejects_of
from images_server import Server


class Fetched(Case):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(Server())
        self.out = self.dir / "out.npy"

    def records(self, paths, name="in.ndjson"):
        """Records of these paths on the server, or of whole addresses."""
        whole = [f"{self.server.url}{path}" if path.startswith("/") else path for path in paths]
        file = self.dir / name
        file.write_text("".join(json.dumps({"image": address}) + "\n" for address in whole))
        return file

    def fetch(self, file, *options, out=None, allow=True):
        allowed = ["--allow-host", self.server.host] if allow else []
        return ndpix("convert", file, "-o", out or self.out, "--fetch", "http", *allowed, *options, timeout=600)

    def values(self, out=None):
        array = load(out or self.out)
        self.assertEqual(array.shape[1:], (8, 8))
        self.assertTrue((array == array[:, :1, :1]).all())
        return array[:, 0, 0].tolist()


class TestFetch(Fetched):
    def test_nothing_is_asked_unless_it_is_said(self):
        file = self.records([f"/ok/{n}.png" for n in range(5)])
        for options in [[], ["--field", "image"], ["--encoding", "url"], ["--fetch", "off"]]:
            run = ndpix("convert", file, "-o", self.out, *options)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(b"fetch", run.stderr)
        run = self.fetch(file, allow=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"not on the public network", run.stderr)
        run = ndpix("convert", file, "-o", self.out, "--fetch", "https", "--allow-host", self.server.host)
        self.assertIn(b"is not https", run.stderr)
        self.assertEqual(sum(self.server.asked.values()), 0)
        self.assertFalse(self.out.exists())

    def test_rows_are_in_order_whatever_comes_first(self):
        paths = [f"/slow/{(37 * n) % 50}/{n}.png" for n in range(300)]
        file = self.records(paths)
        for options in [["--threads", 1], ["--threads", 4], ["--field", "image", "--memory", "64M"]]:
            run = self.fetch(file, "--if-exists", "replace", *options)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(self.values(), [n % 256 for n in range(300)])
        name = ndpix("--version").stdout.decode().strip().replace(" ", "/")
        self.assertEqual(self.server.agents, {name})

    def test_an_image_is_asked_for_once(self):
        file = self.records([f"/ok/{n % 40}.png" for n in range(400)])
        self.assertEqual(self.fetch(file).returncode, 0)
        self.assertEqual(set(self.server.asked.values()), {1}, self.server.asked)
        self.assertEqual(len(self.server.asked), 40)

    def test_pages_beside_images_are_not_asked_for(self):
        lines = [{"image": f"{self.server.url}/ok/{n}.png", "page": f"{self.server.url}/page/{n}"} for n in range(9)]
        file = self.dir / "in.ndjson"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual(self.fetch(file).returncode, 0)
        self.assertFalse([path for path in self.server.asked if "page" in path])

    def test_what_is_gone_for_good_is_a_reject(self):
        local = self.server.host.partition(":")[2]
        cases = {
            "/status/404/1.png": "is answered with 404 Not Found",
            "/status/403/1.png": "is answered with 403 Forbidden",
            "/status/204/1.png": "is answered with 204 No Content",
            "/loop/1.png": "is redirected more than 3 times",
            "/away/10.0.0.1/1.png": "leads to \"10.0.0.1\", which is not on the public network",
            "/away/169.254.169.254_80/1.png": "leads to \"169.254.169.254\"",
            f"/away/localhost_{local}/1.png": "leads to \"localhost\"",
            f"/away/127.1_{local}/1.png": "leads to \"127.1\"",
            f"/away/2130706433_{local}/1.png": "leads to \"2130706433\"",
            f"/away/[__1]_{local}/1.png": "leads to",
            f"/away/[__ffff_127.0.0.1]_{local}/1.png": "leads to",
            "/claims/1.png": "is over the limit of 67108864 bytes",
            "/endless/1.png": "is over the limit of 67108864 bytes",
            "/garbage/1.png": "is not answered as HTTP asks",
            "http://[fe80::1]/1.png": "leads to \"[fe80::1]\"",
            "http://0.0.0.0/1.png": "leads to \"0.0.0.0\"",
            f"http://user:SECRET@localhost:{local}/ok/1.png": "holds a name or a password, which are not sent",
            "/bad-redirect/1.png": "is ",
            "http://127.0.0.1/" + "x" * 9000: "is longer than 8192 bytes",
        }
        paths = [path for pair in zip([f"/ok/{n}.png" for n in range(len(cases))], cases) for path in pair]
        run = self.fetch(self.records(paths), "--max-rejects", "none")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.values(), list(range(len(cases))))
        rejects = rejects_of(self.out)
        self.assertEqual(len(rejects), len(cases))
        for (path, said), reject in zip(cases.items(), rejects):
            self.assertEqual(reject["kind"], "fetch", reject)
            self.assertIn(said, reject["message"], path)
            self.assertNotIn("SECRET", reject["message"])
            self.assertTrue(reject["message"].isprintable() and len(reject["message"]) < 400, reject["message"])
        away = [path for path in self.server.asked if path.startswith("/ok/1.png")]
        self.assertEqual([self.server.asked[path] for path in away], [1], "no redirect was followed to it")

    def test_what_is_no_image_is_a_reject_of_its_own_kind(self):
        run = self.fetch(self.records(["/ok/1.png", "/page/2.png", "/ok/3.png"]))
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertEqual([r["kind"] for r in rejects_of(self.out)], ["unsupported"])

    def test_keys_are_not_shown(self):
        run = self.fetch(self.records(["/ok/1.png", "/status/403/2.png?signature=SECRET"]))
        self.assertEqual(run.returncode, 3)
        self.assertNotIn("SECRET", rejects_of(self.out)[0]["message"])
        self.assertNotIn(b"SECRET", run.stderr)

    def test_keys_are_not_shown_where_nothing_is_fetched(self):
        file = self.records(["/1.png?SECRET=1", "/2.png?SECRET=2"])
        for options in [[], ["--field", "image"], ["--encoding", "url"], ["--encoding", "data-url"],
                        ["--path-prefix", f"{self.server.url}/=/etc/", "--mixed"]]:  # fmt: skip
            run = ndpix("convert", file, "-o", self.out, "--rejects", self.dir / "r.ndjson", *options)
            self.assertNotIn(b"SECRET", run.stderr)
            for reject in (self.dir / "r.ndjson").read_text().splitlines() if (self.dir / "r.ndjson").exists() else []:
                self.assertNotIn("SECRET", json.loads(reject)["message"])

    def test_hosts_are_hosts(self):
        for host in ["http://127.0.0.1:80", "::1", "a,b", "127.0.0.1 ", "127.0.0.1:", "*"]:
            run = self.fetch(self.records(["/ok/1.png"]), "--allow-host", host)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(b"is not HOST, HOST:PORT or SCHEME://BUCKET", run.stderr)

    def test_a_certificate_that_nobody_signed_is_a_reject(self):
        with Server(tls=True) as server:
            file = self.records(["/ok/1.png", f"{server.url}/ok/2.png"])
            run = self.fetch(file, "--allow-host", server.host)
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("is not to be trusted", rejects_of(self.out)[0]["message"])

    def test_bands_share_what_is_under_way(self):
        file = self.dir / "in.ndjson"
        lines = [{band: f"{self.server.url}/slow/30/{n}.png?{band}" for band in "abcd"} for n in range(300)]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        fields = [word for band in "abcd" for word in ("--field", band)]
        run = self.fetch(file, *fields, "--stack", "new-axis")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(load(self.out)[:, :, 0, 0].tolist(), [[n % 256] * 4 for n in range(300)])
        self.assertTrue(32 < self.server.most <= 64, self.server.most)
        # One of them that fails for now ends the run, and no image is lost.
        lines[200]["c"] = f"{self.server.url}/healing/200.png"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        run = self.fetch(file, *fields, "--stack", "new-axis", "--if-exists", "replace")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(b"the same command goes on", run.stderr)
        self.server.healed = True
        run = self.fetch(file, *fields, "--stack", "new-axis", "--if-exists", "replace")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(load(self.out)[:, :, 0, 0].tolist(), [[n % 256] * 4 for n in range(300)])

    def test_what_is_waited_for_comes_first(self):
        """Large images that nobody waits for yet fill the room, and one that is waited for is asked for again."""
        paths = [*[f"/ok/{n}.png" for n in range(70)], "/once/503/70.png", *[f"/big/3000/{n}.png" for n in range(300)]]
        for threads in [1, 4]:
            self.server.asked.clear()
            run = self.fetch(self.records(paths), "--memory", "64M", "--threads", threads, "--fresh", out=self.dir / f"{threads}.npy")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(self.values(self.dir / f"{threads}.npy"), [*range(71), *[n % 256 for n in range(300)]])
            peak = float(run.stderr.rpartition(b"peak memory ")[2].split()[0])
            # A quarter of the memory, and up to 2 MiB for each of 64 connections.
            self.assertLess(peak, 16 + 128 + 64, run.stderr)

    def test_without_threads_and_files_no_image_is_lost(self):
        file = self.records([f"/ok/{n}.png" for n in range(300)])
        for limit in [["-n", "12"], ["-n", "40"]]:
            command = ["sh", "-c", f"ulimit {' '.join(limit)}; exec \"$0\" \"$@\"", NDPIX, "convert", file, "-o", self.out]
            command += ["--fetch", "http", "--allow-host", self.server.host, "--on-error", "fetch=skip", "--fresh"]
            run = subprocess.run(list(map(str, command)), capture_output=True, timeout=300)
            if run.returncode == 0:
                self.assertEqual(self.values(), [n % 256 for n in range(300)])
                self.out.unlink()
            else:
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertFalse(self.out.exists())

    def test_what_is_busy_is_asked_again(self):
        paths = [f"/once/{status}/{n}.png" for n, status in enumerate([429, 500, 502, 503, 504, 408])]
        begun = time.monotonic()
        run = self.fetch(self.records(["/ok/9.png", *paths]), "--field", "image")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertGreaterEqual(time.monotonic() - begun, 0.9, "Retry-After is heeded")
        self.assertEqual(self.values(), [9, 0, 1, 2, 3, 4, 5])

    def test_what_stays_busy_ends_the_run(self):
        for path, said in [
            ("/status/503/1.png", b"is answered with 503 Service Unavailable"),
            ("/reset/1.png", b"cannot be reached: Connection reset"),
            ("/short/1.png", b"was cut off by its server"),
            ("/later/1000/1.png", b"and to come back in 1000 seconds"),
            ("http://127.0.0.1:1/1.png", b"cannot be reached: Connection refused"),
        ]:
            file = self.records([*[f"/ok/{n}.png" for n in range(100)], path, "/ok/100.png"])
            run = self.fetch(file, "--allow-host", "127.0.0.1:1", "--fresh")
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn(b"in.ndjson:101: image address", run.stderr)
            self.assertIn(said, run.stderr)
            self.assertFalse(self.out.exists())
            # Said otherwise it is a reject, and nothing else is lost.
            run = self.fetch(file, "--allow-host", "127.0.0.1:1", "--on-error", "fetch=skip", "--fresh")
            self.assertEqual(run.returncode, 3, run.stderr)
            self.assertEqual(self.values(), list(range(101)))
            self.assertEqual([(r["line"], r["kind"]) for r in rejects_of(self.out)], [(101, "fetch")])
            run = self.fetch(file, "--allow-host", "127.0.0.1:1", "--on-error", "fetch=fill", "--if-exists", "replace")
            self.assertEqual(self.values(), [*range(100), 0, 100])
            self.out.unlink()

    def test_a_run_that_cannot_be_planned_for_now_says_so(self):
        file = self.records([f"/healing/{n}.png" for n in range(3)])
        run = self.fetch(file)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(b"in.ndjson:1: image address", run.stderr)
        self.assertEqual(self.fetch(file, "--on-error", "fetch=skip").returncode, 2)
        self.server.healed = True
        self.assertEqual(self.fetch(file).returncode, 0)

    def test_slow_bodies_end(self):
        begun = time.monotonic()
        run = self.fetch(self.records([*["/ok/1.png"] * 70, "/trickle/2.png"]), "--on-error", "fetch=skip")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn("was not there after 10 seconds", rejects_of(self.out)[0]["message"])
        self.assertLess(time.monotonic() - begun, 40)

    def test_a_run_goes_on_where_a_server_failed(self):
        paths = [f"/ok/{n}.png" for n in range(400)]
        paths[300] = "/healing/44.png"
        file = self.records(paths)
        self.assertEqual(self.fetch(file).returncode, 1)
        before = self.server.asked.copy()
        self.server.healed = True
        run = self.fetch(file)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(b"continues", run.stderr)
        self.assertEqual(self.values(), [n % 256 for n in range(400)])
        # The sample, and what came after.
        again = [n for n in range(100, 290) if self.server.asked[f"/ok/{n}.png"] > before[f"/ok/{n}.png"]]
        self.assertEqual(again, [])

    def test_parts_keep_what_was_fetched(self):
        paths = [f"/ok/{n}.png" for n in range(200)]
        paths[150] = "/healing/150.png"
        file = self.records(paths)
        options = ["--fetch", "http", "--allow-host", self.server.host, "--part-bytes", "2K"]
        self.assertEqual(ndpix("plan", file, "-o", self.out, *options).returncode, 0)
        plan = f"{self.out}.plan.json"
        run = ndpix("run", plan, "--task", 0, "--tasks", 1)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(b"503", run.stderr)
        self.assertEqual(ndpix("commit", plan).returncode, 1, "parts are missing")
        self.server.healed = True
        self.assertEqual(ndpix("run", plan, "--task", 0, "--tasks", 1).returncode, 0)
        before = sum(self.server.asked.values())
        run = ndpix("commit", plan)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.values(), [n % 256 for n in range(200)])
        self.assertEqual(sum(self.server.asked.values()), before, "the commit asks for nothing")

    def test_an_interrupt_does_not_wait_for_servers(self):
        file = self.records([*[f"/ok/{n}.png" for n in range(70)], *[f"/slow/9000/{n}.png" for n in range(70)]])
        command = [NDPIX, "convert", str(file), "-o", str(self.out), "--fetch", "http", "--allow-host", self.server.host]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as run:
            time.sleep(1.5)
            begun = time.monotonic()
            run.send_signal(2)
            run.communicate(timeout=30)
            self.assertLess(time.monotonic() - begun, 2)
        self.assertEqual(run.returncode, 130)
        self.assertFalse(self.out.exists())

    def test_memory_holds_whatever_comes(self):
        paths = [f"/endless/{n}.png" for n in range(12)]
        file = self.records(["/ok/1.png", *paths, "/ok/2.png"])
        small = self.dir / "small.npy"
        run = self.fetch(file, "--field", "image", "--memory", "64M", "--max-rejects", "none", "--threads", 2, out=small)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.values(small), [1, 2])
        peak = float(run.stderr.rpartition(b"peak memory ")[2].split()[0])
        # A quarter of the memory, one body for each thread that waits for it, and what a run takes.
        self.assertLess(peak, 16 + 2 * 64 + 64, run.stderr)

    def test_two_thousand(self):
        """Good images and every way to fail, in an order that chance gives."""
        rng = random.Random(15)
        ways = ["/ok/{}.png"] * 5 + [
            "/slow/20/{}.png", "/slow/100/{}.png", "/to/{}.png", "/once/429/{}.png", "/once/503/{}.png",
            "/status/404/{}.png", "/away/10.0.0.1/{}.png", "/loop/{}.png", "/claims/{}.png", "/page/{}.png",
            "/reset/{}.png", "/short/{}.png", "/status/500/{}.png",
        ]  # fmt: skip
        good = {"ok", "slow", "to", "once"}
        paths = [f"{rng.choice(ways)}?{n}".format(n) for n in range(2000)]
        for n in rng.sample(range(2000), 2):
            paths[n] = f"/endless/{n}.png?{n}"
        file = self.records(paths)
        run = self.fetch(file, "--on-error", "fetch=skip", "--max-rejects", "none", "--memory", "256M")
        self.assertEqual(run.returncode, 0, run.stderr)
        kinds = {n: path.split("/")[1] for n, path in enumerate(paths)}
        self.assertEqual(self.values(), [n % 256 for n in range(2000) if kinds[n] in good])
        rejects = {r["line"] - 1: r["kind"] for r in rejects_of(self.out)}
        expected = {n: "unsupported" if kind == "page" else "fetch" for n, kind in kinds.items() if kind not in good}
        self.assertEqual(rejects, expected)
        figure(what="addresses whose servers delay, answer 404, 429, 500 and 503, cut off, redirect to private hosts, "
               "never end", runs=2000, result="every image or reject right")  # fmt: skip

    def test_many_at_once_take_little_longer_than_they_must(self):
        delays = [random.Random(7).choice([20, 50, 100, 200]) for _ in range(1500)]
        file = self.records([f"/slow/{delay}/{n}.png" for n, delay in enumerate(delays)])
        begun = time.monotonic()
        run = self.fetch(file, "--field", "image", "--threads", 2)
        wall = time.monotonic() - begun
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLessEqual(self.server.most, 64)
        self.assertGreater(self.server.most, 48)
        ideal = sum(delays) / 1000 / 64
        figure(what="1,500 images behind addresses that take 20 to 200 ms each, 64 at a time", runs=1,
               result=f"{wall / ideal:.2f} of the wall time that the delays alone take")  # fmt: skip
        # The server is in Python and shares the machine.
        self.assertLess(wall, 4 * ideal, f"{wall:.2f} s, {ideal:.2f} s at best")


if __name__ == "__main__":
    unittest.main()
