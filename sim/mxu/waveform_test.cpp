// The waveform read back by a small VCD parser: what it shows is what the array held.
#include "sim/mxu/waveform.h"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "sim/mxu/cycle.h"
#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

struct Vcd {
  std::map<std::string, std::pair<std::string, int>> signals;           // path -> id, bits
  std::map<std::string, std::map<std::int64_t, std::int64_t>> changes;  // id -> time -> value
  std::int64_t end = 0;

  // Value of a signal at a time, sign-extended.
  [[nodiscard]] std::int64_t at(const std::string& path, std::int64_t time) const {
    const auto& values = changes.at(signals.at(path).first);
    return std::prev(values.upper_bound(time))->second;
  }
};

std::int64_t signed_binary(const std::string& bits) {
  std::int64_t value = bits.size() > 1 && bits[0] == '1' ? -1 : 0;
  for (const char bit : bits) value = value * 2 + (bit == '1' ? 1 : 0);
  return value;
}

Vcd parse(const std::string& text) {
  Vcd vcd;
  std::istringstream in(text);
  std::vector<std::string> scope;
  std::string word;
  bool defined = false;
  while (in >> word) {
    if (!defined) {
      if (word == "$scope") {
        in >> word >> word;
        scope.push_back(word);
      } else if (word == "$upscope") {
        scope.pop_back();
      } else if (word == "$var") {
        std::string kind, id, name;
        int bits = 0;
        in >> kind >> bits >> id >> name;
        std::string path;
        for (const auto& part : scope) path += part + ".";
        vcd.signals[path + name] = {id, bits};
      }
      defined = word == "$enddefinitions";
      if (word == "$end") continue;
      while (word != "$end" && in >> word) {
      }
      continue;
    }
    if (word[0] == '#') {
      vcd.end = std::stoll(word.substr(1));
    } else if (word[0] == 'b') {
      std::string id;
      in >> id;
      vcd.changes[id][vcd.end] = signed_binary(word.substr(1));
    } else {
      vcd.changes[word.substr(1)][vcd.end] = word[0] - '0';
    }
  }
  REQUIRE(scope.empty());
  return vcd;
}

TEST_CASE("a VCD read back shows weights, activations, sums and accumulator writes", "[waveform]") {
  Profile profile = *preset("ideal_int32");
  profile.rows = profile.cols = 2;
  const std::vector<std::int32_t> lhs = {1, 2, 3, 4}, rhs = {5, -6, 7, -128};
  const Product product{2, 2, 2, lhs, rhs};
  VcdProbe probe(profile, {0, 0, 8, 8});
  const CycleResult run = run_cycle(profile, product, {Overlap::kFull, Engine::kAuto, &probe});
  const Vcd vcd = parse(probe.text());
  CHECK(vcd.end == 2 * (run.cycles.total() + 1));
  // Loaded after 2 clocks; vector 0 is in PE (0, 0) at the end of clock 2, in (1, 1) at that of 4.
  CHECK(vcd.at("array.pe_0_0.weight_0", 4) == 5);
  CHECK(vcd.at("array.pe_0_0.activation_0", 4) == 1);
  CHECK(vcd.at("array.pe_0_0.partial_sum", 4) == 5);
  CHECK(vcd.at("array.pe_0_0.valid", 2) == 0);
  CHECK(vcd.at("array.pe_1_1.weight_0", 8) == -128);
  CHECK(vcd.at("array.pe_1_1.partial_sum", 8) == 1 * -6 + 2 * -128);
  CHECK(vcd.at("array.pe_1_1.partial_sum", 10) == 3 * -6 + 4 * -128);
  CHECK(vcd.at("array.out_1.acc_write", 10) == 3 * -6 + 4 * -128);
  CHECK(vcd.at("array.out_1.acc_write_enable", 6) == 0);
  CHECK(vcd.at("array.clk", 6) == 1);
  CHECK(vcd.at("array.clk", 7) == 0);
  CHECK(vcd.at("array.vector", 6) == 1);
}

TEST_CASE("every dataflow, packed PEs and windows write waveforms that parse", "[waveform]") {
  Dice dice(31);
  for (int round = 0; round < 30; ++round) {
    const Profile profile = random_profile(dice);
    OwnedProduct x;
    fill_random(dice, profile, 5, 6, 11, x);
    VcdProbe vcd(profile, {dice.roll(0, 9), dice.roll(0, 9), dice.roll(1, 3), dice.roll(1, 3)});
    TraceProbe trace(profile, {});
    BothProbes both(&vcd, &trace);
    const CycleResult run = run_cycle(profile, x.product, {Overlap::kFull, Engine::kAuto, &both});
    CHECK(run.product.acc == functional(profile, x.product).acc);
    CHECK((run.cycles.total() == 0 || parse(vcd.text()).end == 2 * (run.cycles.total() + 1)));
    CHECK(trace.text().find("trace of") == 0);
  }
}

}  // namespace
}  // namespace mxcheck::mxu
