// SPDX-License-Identifier: Apache-2.0
#include "domain/filter.h"

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "base/random.h"
#include "base/time.h"

namespace otaru::domain {
namespace {

constexpr FilterName kThingNames[] = {
    {"key", FilterType::text},
    {"size", FilterType::integer},
    {"on", FilterType::boolean},
    {"born", FilterType::time},
    {"tag", FilterType::texts},
    {"slot", FilterType::text, true},
    {"version", FilterType::version, true},
    {"attribute.", FilterType::loose},
};
constexpr FilterVocabulary kThing{"thing", kThingNames, 7};

struct ThingPart {
  std::string slot;
  std::string version;
};

struct Thing final : FilterSubject {
  std::optional<std::string> key;
  std::optional<int64_t> size, born;
  std::optional<bool> on;
  std::vector<std::string> tags;
  std::vector<ThingPart> parts;
  std::map<std::string, std::string, std::less<>> attributes;

  FilterValue value(size_t name, std::string_view wanted) const override {
    const auto number = [](const auto& v) {
      return v ? FilterValue::of(static_cast<int64_t>(*v)) : FilterValue::nothing();
    };
    if (name == 0) return key ? FilterValue::of(std::string_view(*key)) : FilterValue::nothing();
    if (name == 1) return number(size);
    if (name == 2) return number(on);
    if (name == 3) return number(born);
    const auto at = attributes.find(wanted);
    if (name != 7 || at == attributes.end()) return FilterValue::nothing();
    return FilterValue::of(std::string_view(at->second));
  }
  bool any_of(size_t, TextTest test) const override {
    return std::any_of(tags.begin(), tags.end(), [&](const auto& tag) { return test(tag); });
  }
  size_t components() const override { return parts.size(); }
  FilterValue component_value(size_t at, size_t name, std::string_view) const override {
    return FilterValue::of(std::string_view(name == 5 ? parts[at].slot : parts[at].version));
  }
  // Single digits between dots, so that text order is version order, but "x..." has none.
  std::optional<std::strong_ordering> compare_versions(size_t, std::string_view a,
                                                       std::string_view b) const override {
    if (a.starts_with("x") || b.starts_with("x")) return std::nullopt;
    return a.compare(b) <=> 0;
  }
};

Filter filter_of(std::string_view text) {
  auto filter = Filter::compile(text, kThing);
  EXPECT_TRUE(filter) << text << ": " << filter.error().message;
  return filter ? *filter : Filter();
}

Thing lamp() {
  Thing out;
  out.key = "lamp-7";
  out.size = 12;
  out.on = true;
  out.born = 1'777'593'600'000;  // 2026-05-01
  out.tags = {"beta", "lab"};
  out.parts = {{"radio", "1.4"}, {"main", "2.1"}};
  out.attributes = {{"site", "harbour"}, {"floor", "10"}, {"empty", ""}};
  return out;
}

TEST(Filter, HoldsOrNot) {
  struct {
    const char* text;
    bool holds;
  } const cases[] = {
      {"", true},
      {"  ", true},
      {R"(key == "lamp-7")", true},
      {R"(key != "lamp-7")", false},
      {R"(key like "lamp-*")", true},
      {R"(key like "l?mp-?")", true},
      {R"(key like "amp")", false},
      {R"(key in ("a", "lamp-7"))", true},
      {"size >= 12 and size < 13", true},
      {"size in (1, 2)", false},
      {"on == true", true},
      {"on != true", false},
      {"born > 2026-04-30 and born <= 2026-05-01T00:00:00Z", true},
      {R"(born == "2026-05-01")", true},
      {R"(tag == "lab")", true},
      {R"(tag != "lab")", false},
      {R"(tag != "other")", true},
      {R"(tag in ("x", "beta"))", true},
      {R"(tag like "be*")", true},
      {"has(tag) and has(key) and has(site)", true},
      {"has(nothing)", false},
      {R"(site == "harbour")", true},
      {R"(attribute.site == "harbour")", true},
      {R"(attribute."site" == "harbour")", true},
      {R"(attribute."empty" == "")", true},
      {R"(not (site == "harbour" or size == 12))", false},
      {R"(site == "x" or size == 12 and on == true)", true},
  };
  for (const auto& c : cases) EXPECT_EQ(filter_of(c.text).matches(lamp()), c.holds) << c.text;
}

TEST(Filter, NumbersCompareAsNumbersWhenBothAre) {
  const Thing thing = lamp();
  EXPECT_TRUE(filter_of("floor > 9").matches(thing));
  EXPECT_TRUE(filter_of(R"(floor > "9")").matches(thing));
  EXPECT_TRUE(filter_of(R"(floor == "010")").matches(thing));
  EXPECT_FALSE(filter_of(R"(floor > "9a")").matches(thing));  // as texts
  EXPECT_FALSE(filter_of("site > 9").matches(thing));         // a text and a number: no order
  EXPECT_TRUE(filter_of("site != 9").matches(thing));
  EXPECT_FALSE(filter_of(R"(key == "007")").matches(thing));
}

TEST(Filter, WhatIsMissingIsNeitherEqualNorDifferent) {
  const Thing nothing;
  for (const auto* text :
       {R"(key == "a")", R"(key != "a")", "size < 5", "size != 5", "on != true",
        "born != 2026-05-01", R"(tag == "a")", R"(tag != "a")", R"(other != "a")", R"(slot != "a")",
        R"(key like "*")", R"(version < "9")", R"(key in ("a"))"}) {
    EXPECT_FALSE(filter_of(text).matches(nothing)) << text;
    EXPECT_TRUE(filter_of("not " + std::string(text)).matches(nothing)) << text;
  }
}

TEST(Filter, ConditionsOnComponentsMeanOneComponent) {
  const Thing thing = lamp();
  EXPECT_TRUE(filter_of(R"(slot == "radio" and version < "2.0")").matches(thing));
  EXPECT_FALSE(filter_of(R"(slot == "main" and version < "2.0")").matches(thing));
  EXPECT_TRUE(
      filter_of(R"(slot == "main" and (version < "2.0" or version == "2.1"))").matches(thing));
  // Two components: each has its own component().
  EXPECT_FALSE(filter_of(R"(slot == "main" and slot == "radio")").matches(thing));
  EXPECT_TRUE(
      filter_of(R"(component(slot == "main") and component(slot == "radio" and version < "2"))")
          .matches(thing));
  // Without component() `not` speaks of one that is not; with it, of none that is.
  EXPECT_TRUE(filter_of(R"(not slot == "main")").matches(thing));
  EXPECT_FALSE(filter_of(R"(not component(slot == "main"))").matches(thing));
  EXPECT_FALSE(filter_of(R"(component(slot == "main" and key == "other"))").matches(thing));
}

TEST(Filter, VersionsWithoutOrderAreOnlyEqualOrNot) {
  Thing thing;
  thing.parts = {{"main", "x1"}};
  EXPECT_TRUE(filter_of(R"(version == "x1")").matches(thing));
  EXPECT_TRUE(filter_of(R"(version != "x2")").matches(thing));
  EXPECT_FALSE(filter_of(R"(version < "x2")").matches(thing));
  EXPECT_FALSE(filter_of(R"(version >= "x1" and version > "x1")").matches(thing));
}

TEST(Filter, ErrorsNameTheColumnAndWhatWasExpected) {
  struct {
    const char* text;
    const char* message;
  } const cases[] = {
      {"key", "column 4: expected a comparison, 'in' or 'like', found the end"},
      {R"(key = "a")", "column 5: expected '==', found '='"},
      {"key == and", "column 8: expected a value, found 'and'"},
      {R"(key == "a" key)", "column 12: expected 'and', 'or' or the end, found 'key'"},
      {R"(key == "a)", "column 8: the text has no closing quote"},
      {R"(key == "a" and)",
       "column 15: expected the name of a member, 'not', 'has' or '(', found the end"},
      {R"(key == 'a')", "column 8: texts stand in double quotes"},
      {"version < 2.1", "column 11: versions and other texts stand in double quotes"},
      {R"(on < true)", "column 4: on only knows == and !="},
      {R"(size == "many")", "column 9: expected an integer, found 'many'"},
      {"born > 5",
       "column 8: expected a time such as 2026-05-01 or 2026-05-01T12:00:00Z, found '5'"},
      {"born > 2026-13-01",
       "column 8: expected a time such as 2026-05-01 or 2026-05-01T12:00:00Z, found '2026-13-01'"},
      {R"(size like "1*")", "column 6: 'like' compares texts; size is none"},
      {R"(("设备" == key)",
       "column 2: expected the name of a member, 'not', 'has' or '(', found '?\?\?\?\?\?'"},
      {R"(key == "设" $)", "column 12: this character has no meaning here"},
      {"(has(key)", "column 10: expected ')', found the end"},
      {R"(component(component(slot == "a")))", "column 11: component() is not nested"},
  };
  for (const auto& c : cases) {
    const auto filter = Filter::compile(c.text, kThing);
    ASSERT_FALSE(filter) << c.text;
    EXPECT_EQ(filter.error().message, c.message) << c.text;
    EXPECT_EQ(filter.error().field, "filter");
    EXPECT_EQ(filter.error().code, base::Code::invalid);
  }
}

TEST(Filter, NamesThatAreNotListedAreErrorsWhereThereAreNoAttributes) {
  constexpr FilterName kNames[] = {{"id", FilterType::integer}, {"label.", FilterType::text}};
  const auto filter = Filter::compile("idd == 5", FilterVocabulary{"product", kNames, -1});
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().message,
            "column 1: a product has no member 'idd'; there are: id label.NAME");
}

TEST(Filter, LimitsAreNamed) {
  const auto code = [](const std::string& text) {
    const auto filter = Filter::compile(text, kThing);
    return filter ? "fine" : base::code_name(filter.error().code);
  };
  const std::string deep(base::limits::kFilterDepthMax, '(');
  const std::string closing(base::limits::kFilterDepthMax, ')');
  EXPECT_EQ(code(deep + "size == 1" + closing), "fine");
  EXPECT_EQ(code("(" + deep + "size == 1" + closing + ")"), "too_large");
  EXPECT_EQ(code(std::string(base::limits::kFilterBytesMax + 1, ' ')), "too_large");
  std::string many = "on==true";
  for (size_t i = 1; i <= base::limits::kFilterNodesMax / 2; ++i) many += " or on==true";
  EXPECT_EQ(code(many), "fine");
  std::string values = "size in (1";
  for (size_t i = 1; i <= base::limits::kFilterNodesMax; ++i) values += ",1";
  EXPECT_EQ(code(values + ")"), "too_large");
}

TEST(Filter, TheCanonicalTextIsTheSameFilter) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(  ( key=="a" ) )", R"(key == "a")"},
      {R"(a=="x" and (b==1 and c=="y"))", R"(a == "x" and b == 1 and c == "y")"},
      {R"((a==1 or b==2) and not(c==3))", R"((a == 1 or b == 2) and not c == 3)"},
      {R"(not (a==1 and b==2))", R"(not (a == 1 and b == 2))"},
      {R"(attribute.a=="x")", R"(a == "x")"},
      {R"(attribute.key=="x")", R"(attribute.key == "x")"},
      {R"(attribute."o\"dd" in("\\",5))", R"(attribute."o\"dd" in ("\\", 5))"},
      {"key==6523", R"(key == "6523")"},
      {R"(size=="5")", "size == 5"},
      {"born>=2026-05-01", "born >= 2026-05-01T00:00:00.000Z"},
      {R"(component((slot=="a" or slot=="b")))", R"(component(slot == "a" or slot == "b"))"},
  };
  for (const auto& [text, canonical] : cases) {
    const Filter filter = filter_of(text);
    EXPECT_EQ(filter.text(), canonical);
    EXPECT_EQ(filter_of(filter.text()), filter) << text;
  }
}

TEST(Filter, GlobsEndWhateverTheyAre) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "axxbxbxc"));
  EXPECT_FALSE(glob_matches("a*b*c", "axxbxbx"));
  EXPECT_TRUE(glob_matches("?备", "设备"));
  EXPECT_TRUE(glob_matches(R"(\*\?)", "*?"));
  EXPECT_FALSE(glob_matches(R"(\*)", "x"));
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*b", std::string(4000, 'a')));
}

// --- Random expressions against the plainest evaluator ------------------------------------------

struct NaiveFilter {
  enum class Kind { all, any, negation, component, key, size, tag, slot, version, attribute } kind;
  std::vector<NaiveFilter> children;
  std::string op;
  std::string value;

  static std::string escaped(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }
  std::string text() const {
    const auto chain = [this](const char* word) {
      std::string out = "(";
      for (size_t i = 0; i < children.size(); ++i) out += (i > 0 ? word : "") + children[i].text();
      return out + ")";
    };
    switch (kind) {
      case Kind::all:
        return chain(" and ");
      case Kind::any:
        return chain(" or ");
      case Kind::negation:
        return "not " + children[0].text();
      case Kind::component:
        return "component(" + children[0].text() + ")";
      case Kind::key:
        return "key " + op + " " + escaped(value);
      case Kind::size:
        return "size " + op + " " + value;
      case Kind::tag:
        return "tag " + op + " " + escaped(value);
      case Kind::slot:
        return "slot " + op + " " + escaped(value);
      case Kind::version:
        return "version " + op + " " + escaped(value);
      case Kind::attribute:
        break;
    }
    return "attribute.a " + op + " " + escaped(value);
  }

  template <class V>
  bool compare(const std::optional<V>& a, const V& b) const {
    if (!a) return false;
    if (op == "==") return *a == b;
    if (op == "!=") return *a != b;
    if (op == "<") return *a < b;
    if (op == "<=") return *a <= b;
    if (op == ">") return *a > b;
    return *a >= b;
  }
  bool holds(const Thing& thing, const ThingPart* part) const {
    using Texts = std::optional<std::string>;
    switch (kind) {
      case Kind::all:
        return std::all_of(children.begin(), children.end(),
                           [&](const auto& child) { return child.holds(thing, part); });
      case Kind::any:
        return std::any_of(children.begin(), children.end(),
                           [&](const auto& child) { return child.holds(thing, part); });
      case Kind::negation:
        return !children[0].holds(thing, part);
      case Kind::component:
        return std::any_of(thing.parts.begin(), thing.parts.end(),
                           [&](const auto& one) { return children[0].holds(thing, &one); });
      case Kind::key:
        return compare(thing.key, value);
      case Kind::size:
        return compare(thing.size, static_cast<int64_t>(std::stoll(value)));
      case Kind::tag: {
        const bool found =
            std::find(thing.tags.begin(), thing.tags.end(), value) != thing.tags.end();
        return op == "==" ? found : !found && !thing.tags.empty();
      }
      case Kind::slot:
        return part != nullptr && compare(Texts(part->slot), value);
      case Kind::version:
        if (part == nullptr) return false;
        if (!part->version.starts_with("x") && !value.starts_with("x")) {
          return compare(Texts(part->version), value);
        }
        if (part->version == value) return op == "==" || op == "<=" || op == ">=";
        return op == "!=";
      case Kind::attribute:
        break;
    }
    const auto at = thing.attributes.find("a");
    if (at == thing.attributes.end()) return false;
    const auto number = [](const std::string& text) {
      return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    };
    if (number(at->second) && number(value)) {
      return compare(std::optional(std::stoll(at->second)), std::stoll(value));
    }
    return compare(Texts(at->second), value);
  }
  bool asks_components() const {
    if (kind == Kind::slot || kind == Kind::version) return true;
    return kind != Kind::component &&
           std::any_of(children.begin(), children.end(),
                       [](const auto& child) { return child.asks_components(); });
  }
  bool holds(const Thing& thing) const {
    if (!asks_components() || thing.parts.empty()) return holds(thing, nullptr);
    return std::any_of(thing.parts.begin(), thing.parts.end(),
                       [&](const auto& part) { return holds(thing, &part); });
  }
};

class RandomFilters {
 public:
  explicit RandomFilters(uint64_t seed) : random_(seed) {}

  NaiveFilter filter(size_t depth, bool inside = false) {
    using Kind = NaiveFilter::Kind;
    constexpr const char* kOps[] = {"==", "!=", "<", "<=", ">", ">="};
    NaiveFilter out{};
    const uint64_t dice = random_.below(depth == 0 ? 6 : 12);
    if (dice >= 6) {
      constexpr Kind kJoints[] = {Kind::all, Kind::any, Kind::negation, Kind::component};
      const size_t count = inside ? 3 : 4;
      out.kind = kJoints[random_.below(count)];
      const bool one = out.kind == Kind::negation || out.kind == Kind::component;
      const uint64_t children = one ? 1 : 1 + random_.below(3);
      for (uint64_t i = 0; i < children; ++i) {
        out.children.push_back(filter(depth - 1, inside || out.kind == Kind::component));
      }
      return out;
    }
    constexpr Kind kConditions[] = {Kind::key,  Kind::size,    Kind::tag,
                                    Kind::slot, Kind::version, Kind::attribute};
    out.kind = kConditions[dice];
    out.op = kOps[random_.below(out.kind == Kind::tag ? 2 : 6)];
    out.value = out.kind == Kind::size ? std::to_string(random_.below(3)) : text();
    return out;
  }
  Thing thing() {
    Thing out;
    if (random_.below(4) > 0) out.key = text();
    if (random_.below(4) > 0) out.size = static_cast<int64_t>(random_.below(3));
    for (uint64_t i = random_.below(3); i > 0; --i) out.tags.push_back(text());
    for (uint64_t i = random_.below(3); i > 0; --i) out.parts.push_back({text(), text()});
    if (random_.below(4) > 0) out.attributes["a"] = text();
    return out;
  }

 private:
  std::string text() {
    constexpr const char* kTexts[] = {"a", "1", "01", "10", "9", "x\"\\", ""};
    return kTexts[random_.below(std::size(kTexts))];
  }
  base::SeededRandom random_;
};

TEST(FilterProperty, EqualsTheNaiveEvaluatorAndItsOwnText) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomFilters made(seed);
    const NaiveFilter naive = made.filter(4);
    const Filter filter = filter_of(naive.text());
    ASSERT_EQ(filter_of(filter.text()), filter) << "seed " << seed << ": " << naive.text();
    for (int i = 0; i < 8; ++i) {
      const Thing thing = made.thing();
      ASSERT_EQ(filter.matches(thing), naive.holds(thing))
          << "seed " << seed << ": " << naive.text() << "\nas " << filter.text();
    }
  }
}

}  // namespace
}  // namespace otaru::domain
