"""A program that converts on an engine with two workers, for the test that interrupts it: `driver.py ENGINE IN OUT`."""
import importlib
import sys


def main(name, source, out):
    engine = importlib.import_module(name)
    if name == "ndpix.ray":
        import ray

        ray.init(num_cpus=2, include_dashboard=False)
    else:
        import distributed

        distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None)
    engine.convert(source, out, parts=20, size=8, resample="box", progress=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
