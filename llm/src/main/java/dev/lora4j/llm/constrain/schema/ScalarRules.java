package dev.lora4j.llm.constrain.schema;

import static dev.lora4j.llm.constrain.schema.Keywords.wrong;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import dev.lora4j.llm.constrain.schema.NumberRange.Bound;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.Set;

/** The strings and numbers of a schema. */
final class ScalarRules {
  private static final int MAX_PATTERN = 1000;
  private static final Set<String> DOUBLES = Set.of("float", "double");

  private final GrammarBuilder builder;
  private final JsonLexicon text;

  ScalarRules(GrammarBuilder builder, JsonLexicon text) {
    this.builder = builder;
    this.text = text;
  }

  // ---- strings ----

  GrammarNode string(ObjectNode schema, String path, GrammarNode next) {
    int least = Keywords.count(schema, Keywords.MIN_LENGTH, 0);
    int most = Keywords.count(schema, Keywords.MAX_LENGTH, Integer.MAX_VALUE);
    Optional<String> pattern = pattern(schema, path);
    boolean bounded = least > 0 || most < Integer.MAX_VALUE;
    if (pattern.isPresent()) {
      if (bounded) {
        throw wrong(
            path, "pattern or format together with minLength or maxLength is not supported");
      }
      return new PatternText(builder).string(parsed(pattern.get(), path), next);
    }
    if (!bounded) {
      return text.string(next);
    }
    return most < Integer.MAX_VALUE ? text.string(least, most, next) : text.string(least, next);
  }

  private static Optional<String> pattern(ObjectNode schema, String path) {
    JsonNode pattern = schema.get(Keywords.PATTERN);
    JsonNode format = schema.get(Keywords.FORMAT);
    if (pattern != null && format != null) {
      throw wrong(path, "pattern together with format is not supported");
    }
    return format == null
        ? Optional.ofNullable(pattern).map(JsonNode::textValue)
        : Optional.of(format(format.textValue(), path));
  }

  private static String format(String name, String path) {
    String pattern = StringFormats.PATTERNS.get(name);
    if (pattern == null) {
      throw wrong(
          path,
          "the format %s is not supported%s"
              .formatted(name, NearMiss.hint(name, StringFormats.PATTERNS.keySet())));
    }
    return pattern;
  }

  private static RegexNode parsed(String pattern, String path) {
    if (pattern.length() > MAX_PATTERN) {
      throw wrong(path, "pattern has more than " + MAX_PATTERN + " characters");
    }
    try {
      return RegexParser.parse(pattern);
    } catch (IllegalArgumentException e) {
      throw wrong(path, "pattern " + pattern + ", " + e.getMessage());
    }
  }

  // ---- numbers ----

  GrammarNode integer(ObjectNode schema, String path, GrammarNode next) {
    return range(schema, path, true, next);
  }

  GrammarNode number(ObjectNode schema, String path, GrammarNode next) {
    boolean bounded = Keywords.OF_NUMBERS.stream().anyMatch(schema::has);
    boolean integers = isIntegerFormat(schema, path);
    return bounded || integers ? range(schema, path, integers, next) : text.number(next);
  }

  private GrammarNode range(ObjectNode schema, String path, boolean integers, GrammarNode next) {
    Optional<Bound> lower = bound(schema, Keywords.MINIMUM, true);
    Optional<Bound> upper = bound(schema, Keywords.MAXIMUM, true);
    if (isIntegerFormat(schema, path) && schema.path(Keywords.FORMAT).asText().equals("int32")) {
      lower = tighter(lower, Optional.of(inclusive(Integer.MIN_VALUE)), false);
      upper = tighter(upper, Optional.of(inclusive(Integer.MAX_VALUE)), true);
    }
    lower = tighter(lower, bound(schema, Keywords.ABOVE, false), false);
    upper = tighter(upper, bound(schema, Keywords.BELOW, false), true);
    return new NumberRange(builder, integers, next).between(lower, upper);
  }

  private static boolean isIntegerFormat(ObjectNode schema, String path) {
    JsonNode format = schema.get(Keywords.FORMAT);
    if (format == null || StringFormats.PATTERNS.containsKey(format.textValue())) {
      return false; // formats of strings do not concern numbers
    }
    String name = format.textValue();
    if (!name.equals("int32") && !name.equals("int64") && !DOUBLES.contains(name)) {
      format(name, path);
    }
    return !DOUBLES.contains(name);
  }

  private static Bound inclusive(long value) {
    return new Bound(BigDecimal.valueOf(value), true);
  }

  private static Optional<Bound> bound(ObjectNode schema, String name, boolean inclusive) {
    return Optional.ofNullable(schema.get(name))
        .map(value -> new Bound(value.decimalValue(), inclusive));
  }

  private static Optional<Bound> tighter(Optional<Bound> a, Optional<Bound> b, boolean upper) {
    if (a.isEmpty() || b.isEmpty()) {
      return a.or(() -> b);
    }
    return Optional.of(upper ? a.get().atMost(b.get()) : a.get().atLeast(b.get()));
  }
}
