/* A value of a JSON document together with where it stands, so that what is wrong can be said. */
#ifndef LAZYDIT_NATIVE_JSON_PLACE_H_
#define LAZYDIT_NATIVE_JSON_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lazydit::native {

using Json = nlohmann::ordered_json;

/* Every reading function throws a Failure that names the place where the value is not what it has to be. */
class JsonPlace {
 public:
  /* `source` names the document; it and `value` must outlive this object. */
  JsonPlace(const Json& value, const std::string& source) : JsonPlace(value, source, "") {}

  /* That this is an object with all of the required keys and none but the required and the optional ones. */
  void check_keys(std::initializer_list<std::string_view> required,
                  std::initializer_list<std::string_view> optional = {}) const;
  bool has(std::string_view key) const;
  JsonPlace operator[](std::string_view key) const;
  std::vector<std::pair<std::string, JsonPlace>> members() const;
  std::vector<JsonPlace> items(size_t fewest, size_t most) const;

  bool is_null() const { return value_->is_null(); }
  bool is_text() const { return value_->is_string(); }
  int64_t integer(int64_t least, int64_t most) const;
  bool boolean() const;
  double number() const;
  double number_between(double low, double high) const; /* both excluded */
  double share() const;                                 /* from 0 to 1 */
  std::string text() const;
  std::string line() const;   /* not empty, without control characters */
  std::string name() const;   /* of 1 to 100 letters, digits, _ . - */
  std::string path() const;   /* relative, with forward slashes, without . and .. and control characters */
  std::string sha256() const; /* 64 lower-case hexadecimal digits */
  std::string one_of(std::initializer_list<std::string_view> choices) const;

  /* Keys are names or paths too. */
  static bool is_name(std::string_view text);
  static bool is_path(std::string_view text);

  [[noreturn]] void fail(const std::string& problem) const;

 private:
  JsonPlace(const Json& value, const std::string& source, std::string where)
      : value_(&value), source_(&source), where_(std::move(where)) {}
  JsonPlace below(const std::string& key, const Json& value) const;

  const Json* value_;
  const std::string* source_;
  std::string where_;
};

}  // namespace lazydit::native

#endif
