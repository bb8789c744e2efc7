#include "schedule_file.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "failure.h"

namespace lazydit::tools {
namespace {

using native::refuse;
using Json = nlohmann::json;
using Mask = std::vector<std::vector<uint8_t>>;

Json parsed(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) refuse(path + " cannot be read (" + std::strerror(errno) + "): check the path");
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    refuse(path + " is not JSON: give a schedule or a trace file");
  }
}

std::vector<uint8_t> row_of(const Json& row, const std::string& path) {
  std::vector<uint8_t> values;
  bool sound = row.is_array() && !row.empty();
  for (size_t i = 0; sound && i < row.size(); ++i) {
    sound = row[i].is_boolean();
    if (sound) values.push_back(row[i].get<bool>() ? 1 : 0);
  }
  if (!sound) refuse(path + " holds a mask that is not rows of true and false of one length: correct it");
  return values;
}

Mask mask_of(const Json& rows, const std::string& path) {
  Mask mask;
  for (size_t i = 0; rows.is_array() && i < rows.size(); ++i) {
    mask.push_back(row_of(rows[i], path));
    if (mask.back().size() != mask.front().size()) mask.clear();
    if (mask.empty()) break;
  }
  if (mask.empty()) refuse(path + " holds a mask that is not rows of true and false of one length: correct it");
  return mask;
}

/* Whether the number in `content` under `key` is `size`. */
bool says(const Json& content, const char* key, size_t size) {
  return content.contains(key) && content[key].is_number_unsigned() && content[key].get<uint64_t>() == size;
}

Schedule schedule_of(const Json& content, const std::string& path) {
  Mask mask = mask_of(content["run"], path);
  if (!says(content, "steps", mask.size()) || !says(content, "modules", mask[0].size()))
    refuse(path + " speaks of other steps and modules than run, which has " + std::to_string(mask.size()) +
           " rows of " + std::to_string(mask[0].size()) + ": correct one of them");
  const bool given = content.contains("extrapolate");
  if (given && !content["extrapolate"].is_boolean())
    refuse(path + " holds an extrapolate that is neither true nor false: correct it");
  return {std::move(mask), given && content["extrapolate"].get<bool>()};
}

/* Adds what ran at a step for one sample. */
void add_row(const std::vector<uint8_t>& row, std::vector<uint8_t>* any) {
  for (size_t i = 0; i < row.size(); ++i) (*any)[i] |= row[i];
}

/* A step's samples as one row. */
std::vector<uint8_t> any_sample(const Json& samples, const std::string& path) {
  const Mask rows = mask_of(samples, path);
  std::vector<uint8_t> any = rows[0];
  for (const auto& row : rows) add_row(row, &any);
  return any;
}

const Json& trace_of(const Json& image, const std::string& path) {
  const bool traced = image.is_object() && image.contains("trace") && image["trace"].is_object() &&
                      image["trace"].contains("ran") && image["trace"]["ran"].is_array();
  if (!traced) refuse(path + " is not a trace file: give one that --trace wrote");
  return image["trace"];
}

/* Per step what is true for any sample. */
Mask any_samples(const Json& steps, const std::string& path) {
  Mask mask;
  for (const Json& samples : steps) mask.push_back(any_sample(samples, path));
  return mask;
}

/* Traces written before there was a choice do not tell. */
bool extrapolates(const Json& trace, const std::string& path) {
  if (!trace.contains("extrapolated")) return false;
  for (const auto& row : any_samples(trace["extrapolated"], path))
    if (std::count(row.begin(), row.end(), uint8_t{1}) > 0) return true;
  return false;
}

bool same_shape(const Mask& a, const Mask& b) { return a.size() == b.size() && a[0].size() == b[0].size(); }

Schedule schedule_of_traces(const Json& images, const std::string& path) {
  if (!images.is_array() || images.empty()) refuse(path + " is not a trace file: give one that --trace wrote");
  Mask all;
  bool extrapolate = false;
  for (const Json& image : images) {
    const Json& trace = trace_of(image, path);
    const Mask mask = any_samples(trace["ran"], path);
    extrapolate = extrapolate || extrapolates(trace, path);
    const bool even = !mask.empty() && std::all_of(mask.begin(), mask.end(),
                                                   [&](const auto& row) { return row.size() == mask[0].size(); });
    if (!even || (!all.empty() && !same_shape(all, mask)))
      refuse(path + " has not one step count and depth throughout: give a trace of one policy");
    if (all.empty()) all = mask;
    for (size_t step = 0; step < mask.size(); ++step) add_row(mask[step], &all[step]);
  }
  return {std::move(all), extrapolate};
}

}  // namespace

Schedule read_schedule(const std::string& path) {
  const Json content = parsed(path);
  if (content.is_object() && content.contains("images")) return schedule_of_traces(content["images"], path);
  if (content.is_object() && content.contains("run")) return schedule_of(content, path);
  refuse(path +
         " is neither a schedule nor a trace: give {\"steps\": T, \"modules\": 2L, \"run\": [[true, ...], ...]} or a "
         "file that --trace wrote");
}

}  // namespace lazydit::tools
