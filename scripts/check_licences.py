"""Checks the licence of every crate that is built here against a list of allowed ones.

Reads `cargo metadata` for this machine's platform. `A OR B` needs one allowed side, `A AND B`
both; the old spelling `A/B` means OR. Ends with 1 and the names where a crate does not pass.
"""
import json
import os
import re
import subprocess
import sys

ALLOWED = {
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "0BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "IJG",  # libjpeg-turbo's older half
    "ISC",
    "Unicode-3.0",  # tables in unicode-ident
    "bzip2-1.0.6",
    "CC0-1.0",  # given to the public: to_method, one trait below rav1d
    "CDLA-Permissive-2.0",  # the list of certificates in webpki-roots: data
}


def allowed(expression):
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either():
        answer = both()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            answer = both() or answer
        return answer

    def both():
        answer = one()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            answer = one() and answer
        return answer

    def one():
        name = tokens.pop(0)
        if name == "(":
            answer = either()
            tokens.pop(0)
            return answer
        if tokens[:1] == ["WITH"]:
            name = f"{name} WITH {tokens[1]}"
            del tokens[:2]
        return name in ALLOWED

    return either() and not tokens


def main():
    cargo = os.environ.get("CARGO", "cargo")
    host = re.search(r"host: (\S+)", subprocess.check_output(["rustc", "-vV"], text=True)).group(1)
    command = [cargo, "metadata", "--format-version", "1", "--filter-platform", host]
    packages = json.loads(subprocess.check_output(command))["packages"]
    bad = [p for p in packages if not p["license"] or not allowed(p["license"])]
    for p in bad:
        print(f"licence not allowed: {p['name']} {p['version']}: {p['license']}")
    print(f"licences: {len(packages) - len(bad)} of {len(packages)} crates pass")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
