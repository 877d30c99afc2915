"""A fixed slice of `resize_cases.py`: resizes, fits and modes equal Pillow's, byte by byte."""
import unittest

from resize_cases import compare


class Resize(unittest.TestCase):
    def test_the_bytes_are_those_of_pillow(self):
        done, found = compare(600, seed=4)
        self.assertGreaterEqual(done, 600)
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
