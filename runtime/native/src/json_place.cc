#include "json_place.h"

#include <algorithm>
#include <cmath>

#include "failure.h"

namespace lazydit::native {
namespace {

bool contains(std::initializer_list<std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool made_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_control(unsigned char letter) { return letter < 0x20 || letter == 0x7f; }

bool is_printable(std::string_view text) { return std::none_of(text.begin(), text.end(), is_control); }

}  // namespace

void JsonPlace::fail(const std::string& problem) const {
  std::string place = (where_.empty() ? "its top level" : where_) + " (" + problem + ")";
  // Keys may hold anything; a sentence has one line.
  std::replace_if(place.begin(), place.end(), is_control, ' ');
  refuse(*source_ + " is wrong at " + place + ": export the bundle again");
}

JsonPlace JsonPlace::below(const std::string& key, const Json& value) const {
  return {value, *source_, where_.empty() ? key : where_ + "." + key};
}

void JsonPlace::check_keys(std::initializer_list<std::string_view> required,
                           std::initializer_list<std::string_view> optional) const {
  for (const auto& [key, value] : members())
    if (!contains(required, key) && !contains(optional, key)) fail("there is no such thing as " + key);
  for (const std::string_view key : required)
    if (!has(key)) fail(std::string(key) + " is missing");
}

bool JsonPlace::has(std::string_view key) const { return value_->contains(std::string(key)); }

JsonPlace JsonPlace::operator[](std::string_view key) const {
  const std::string name(key);
  return below(name, value_->at(name));
}

std::vector<std::pair<std::string, JsonPlace>> JsonPlace::members() const {
  if (!value_->is_object()) fail("it is not an object");
  std::vector<std::pair<std::string, JsonPlace>> members;
  for (const auto& [key, value] : value_->items()) members.emplace_back(key, below(key, value));
  return members;
}

std::vector<JsonPlace> JsonPlace::items(size_t fewest, size_t most) const {
  if (!value_->is_array()) fail("it is not a list");
  if (value_->size() < fewest || value_->size() > most) fail("it is a list of " + std::to_string(value_->size()));
  std::vector<JsonPlace> items;
  for (size_t i = 0; i < value_->size(); ++i)
    items.push_back({(*value_)[i], *source_, where_ + "[" + std::to_string(i) + "]"});
  return items;
}

int64_t JsonPlace::integer(int64_t least, int64_t most) const {
  if (!value_->is_number_integer()) fail("it is not an integer");
  const bool huge = value_->is_number_unsigned() && value_->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (huge || value_->get<int64_t>() < least || value_->get<int64_t>() > most)
    fail(value_->dump() + " is not from " + std::to_string(least) + " to " + std::to_string(most));
  return value_->get<int64_t>();
}

bool JsonPlace::boolean() const {
  if (!value_->is_boolean()) fail("it is neither true nor false");
  return value_->get<bool>();
}

double JsonPlace::number() const {
  if (!value_->is_number() || !std::isfinite(value_->get<double>())) fail("it is not a finite number");
  return value_->get<double>();
}

double JsonPlace::number_between(double low, double high) const {
  const double value = number();
  if (value <= low || value >= high) fail("it is out of range");
  return value;
}

double JsonPlace::share() const {
  const double value = number();
  if (value < 0 || value > 1) fail("it is not from 0 to 1");
  return value;
}

std::string JsonPlace::text() const {
  if (!value_->is_string()) fail("it is not text");
  return value_->get_ref<const std::string&>();
}

std::string JsonPlace::line() const {
  if (text().empty() || !is_printable(text())) fail("it is malformed");
  return text();
}

std::string JsonPlace::name() const {
  if (!is_name(text())) fail("it is malformed");
  return text();
}

std::string JsonPlace::path() const {
  if (!is_path(text())) fail("it is malformed");
  return text();
}

std::string JsonPlace::sha256() const {
  if (text().size() != 64 || !made_of(text(), "0123456789abcdef")) fail("it is malformed");
  return text();
}

std::string JsonPlace::one_of(std::initializer_list<std::string_view> choices) const {
  if (!contains(choices, text())) fail("it is unknown");
  return text();
}

bool JsonPlace::is_name(std::string_view text) {
  constexpr std::string_view kCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !text.empty() && text.size() <= 100 && made_of(text, kCharacters);
}

bool JsonPlace::is_path(std::string_view text) {
  if (!is_printable(text) || text.find_first_of("\\:") != std::string_view::npos) return false;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace lazydit::native
