# For Homebrew. `make release` writes version and checksum of what it built.
class Ndpix < Formula
  desc "NDJSON records with images to one correct NumPy array"
  homepage "https://github.com/ndpix/ndpix"
  url "https://github.com/ndpix/ndpix/releases/download/v@VERSION@/ndpix-@VERSION@.tar.gz"
  sha256 "@SDIST_SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args(path: "crates/ndpix-cli")
    generate_completions_from_executable(bin/"ndpix", "completions")
  end

  test do
    (testpath/"a.ndjson").write <<~JSON
      {"image": [[1, 2], [3, 4]]}
      {"image": [[5, 6], [7, 8]]}
    JSON
    system bin/"ndpix", "convert", "a.ndjson", "-o", "a.npy"
    assert_path_exists testpath/"a.npy"
  end
end
