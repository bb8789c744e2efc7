#include "sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "checksum.h"

namespace {

using lazydit::native::Checksum;
using lazydit::native::fastest_sha256_compress;
using lazydit::native::hexadecimal;
using lazydit::native::Sha256;
using lazydit::native::sha256_compress;
using lazydit::native::Sha256Compress;

std::string sha256_in_pieces(const std::string& text, size_t piece, Sha256Compress compress) {
  Sha256 digest(compress);
  for (size_t begin = 0; begin < text.size(); begin += piece) {
    const std::string part = text.substr(begin, piece);
    digest.add(part.data(), part.size());
  }
  return digest.finish();
}

std::string checksum_in_pieces(const std::string& text, size_t piece) {
  Checksum checksum;
  for (size_t begin = 0; begin < text.size(); begin += piece) {
    const std::string part = text.substr(begin, piece);
    checksum.add(part.data(), part.size());
  }
  return hexadecimal(checksum.value());
}

/* Examples of FIPS 180-4, and a million letters as NIST's test vectors have them. */
TEST(Sha256, GivesThePublishedDigests) {
  const std::pair<std::string, std::string> expected[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& [text, digest] : expected)
    for (const size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{1000}})
      for (const Sha256Compress compress : {sha256_compress, fastest_sha256_compress()})
        EXPECT_EQ(sha256_in_pieces(text, piece, compress), digest) << text.size();
}

/* xxHash's own values for XXH64 with seed 0. */
TEST(Checksum, GivesThePublishedValues) {
  const std::pair<std::string, std::string> expected[] = {
      {"", "ef46db3751d8e999"},
      {"a", "d24ec4f1a98c6e5b"},
      {"abc", "44bc2cf5ad770999"},
      {"Nobody inspects the spammish repetition", "fbcea83c8a378bf1"},
  };
  for (const auto& [text, value] : expected)
    for (const size_t piece : {size_t{1}, size_t{31}, size_t{32}, size_t{1000}})
      EXPECT_EQ(checksum_in_pieces(text, piece), value) << text;
}

}  // namespace
