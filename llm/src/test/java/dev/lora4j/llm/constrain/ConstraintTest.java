package dev.lora4j.llm.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.grammar.Grammar;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.schema.SchemaCompiler;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.nn.kernel.Ops;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Schemas as grammars: what they accept, and what they refuse. */
class ConstraintTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TOKENIZER =
      Path.of("..", "llm", "src/test/resources/fixtures/text/smollm2");

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Grammar grammar(String schema) {
    GrammarBuilder builder = new GrammarBuilder();
    return builder.build(builder.call(SchemaCompiler.rule(builder, json(schema)), builder.end()));
  }

  private static boolean matches(Grammar grammar, String text) {
    return grammar.matches(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void assertRefused(String schema, String... words) {
    assertThatThrownBy(() -> grammar(schema))
        .isInstanceOf(UserError.class)
        .message()
        .contains(words);
  }

  @Test
  void recursiveSchemasNestUpToTheBound() {
    Grammar tree =
        grammar(
            """
            {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
              "properties": {"value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
              "required": ["value"]}}}
            """);

    assertThat(matches(tree, "{\"value\": 1, \"children\": [{\"value\": 2}, {\"value\": 3}]}"))
        .isTrue();
    assertThat(matches(tree, "{\"value\": 1, \"children\": [{\"value\": \"x\"}]}")).isFalse();
    assertThat(matches(tree, nested(10))).isTrue();
    assertThat(matches(tree, nested(100))).isFalse();
  }

  private static String nested(int depth) {
    return "{\"value\":1,\"children\":[".repeat(depth) + "]}".repeat(depth);
  }

  @Test
  void propertiesKeepTheirOrderAndAdditionalOnesFollow() {
    Grammar open =
        grammar(
            """
            {"type": "object", "properties": {"a": {"type": "integer"}, "ab": {"const": true}},
             "required": ["ab"], "additionalProperties": {"type": "string"}}
            """);

    assertThat(matches(open, "{\"a\":1,\"ab\":true,\"abc\":\"x\",\"b\":\"\"}")).isTrue();
    assertThat(matches(open, "{\"ab\":true,\"a\":1}")).isFalse();
    assertThat(matches(open, "{\"ab\":true,\"a\":\"x\"}")).isFalse(); // a is declared
    assertThat(matches(open, "{\"a\":1}")).isFalse();
    assertThat(matches(grammar("{\"properties\": {\"a\": {}}}"), "{\"b\":1}")).isFalse();
    assertThat(matches(grammar("{\"type\": \"object\"}"), "{\"b\":[{}, null, -1.5e3]}")).isTrue();
  }

  /** The validator of the random tests knows some top-level domains only. */
  @Test
  void addressesAreEmails() {
    Grammar email = grammar("{\"type\": \"string\", \"format\": \"email\"}");

    assertThat(matches(email, "\"jane.doe+x@mail.example.org\"")).isTrue();
    for (String text : new String[] {"jane", "@example.org", "a@b", "a..b@c.de", "a@-b.de"}) {
      assertThat(matches(email, "\"" + text + "\"")).as(text).isFalse();
    }
  }

  @Test
  void whiteSpaceIsBounded() {
    Grammar any = grammar("{}");

    assertThat(matches(any, "{\n  \"a\": [\n    1,\n    2\n  ]\n}")).isTrue();
    assertThat(matches(any, "{ \"a\": [ 1, 2 ] }")).isTrue();
    for (String text :
        new String[] {"{  \"a\": 1}", "{\n\n\"a\": 1}", "{\"a\" : 1}", " {}", "{} "}) {
      assertThat(matches(any, text)).as(text).isFalse();
    }
  }

  @Test
  void stringsAreValidUnicode() {
    Grammar string = grammar("{\"type\": \"string\", \"maxLength\": 3}");

    assertThat(matches(string, "\"\\ud83d\\ude00ü😀\"")).isTrue();
    for (String text :
        new String[] {"\"\\ud83d\"", "\"\\ude00\"", "\"\t\"", "\"\\x\"", "\"abcd\""}) {
      assertThat(matches(string, text)).as(text).isFalse();
    }
    byte[] tooLong = {'"', (byte) 0xc0, (byte) 0x80, '"'};
    byte[] surrogate = {'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'};
    assertThat(string.matches(tooLong)).isFalse();
    assertThat(string.matches(surrogate)).isFalse();
  }

  @Test
  void oneOfNeedsAlternativesThatExcludeEachOther() {
    Grammar told =
        grammar(
            """
            {"oneOf": [
              {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
               "required": ["kind"]},
              {"type": "object", "properties": {"kind": {"enum": ["dog", "wolf"]}},
               "required": ["kind"]},
              {"type": "null"}]}
            """);

    assertThat(matches(told, "{\"kind\": \"cat\", \"lives\": 9}")).isTrue();
    assertThat(matches(told, "{\"kind\": \"wolf\"}")).isTrue();
    assertThat(matches(told, "{\"kind\": \"dog\", \"lives\": 9}")).isFalse();
    assertRefused("{\"oneOf\": [{\"type\": \"integer\"}, {\"type\": \"number\"}]}", "#", "0 and 1");
  }

  @Test
  void wrongSchemasAreRefusedWithTheirPlace() {
    assertRefused(
        "{\"properties\": {\"a\": {\"type\": \"array\", \"uniqueItems\": true}}}",
        "#/properties/a",
        "uniqueItems");
    assertRefused("{\"minLenght\": 2}", "minLenght", "minLength");
    assertRefused("{\"type\": \"strin\"}", "strin", "string");
    assertRefused("{\"items\": {\"pattern\": \"(?=a)b\"}}", "#/items", "look-around");
    assertRefused("{\"format\": \"datetime\"}", "datetime", "date-time");
    assertRefused("{\"$ref\": \"#/$defs/x\"}", "#/$defs/x");
    assertRefused("{\"$ref\": \"https://example.org/schema\"}", "$ref");
    assertRefused("{\"$ref\": \"#\"}", "refers to itself");
    assertRefused("{\"type\": \"integer\", \"minimum\": 3, \"maximum\": 2}", "no value fits");
    assertRefused(
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"type\": \"object\","
            + " \"properties\": {\"a\": {\"$ref\": \"#/$defs/a\"}}, \"required\": [\"a\"]}}}",
        "endless nesting");
    for (String value :
        new String[] {
          "{\"properties\": 1}",
          "{\"enum\": []}",
          "{\"maxItems\": -1}",
          "{\"required\": \"a\"}",
          "{\"minimum\": \"1\"}",
          "{\"items\": [1]}",
          "3"
        }) {
      assertRefused(value, "#");
    }
  }

  @Test
  @Timeout(60)
  void hostileSchemasAreRefusedInBoundedTime() {
    assertRefused("{\"type\": \"string\", \"maxLength\": 2000000000}", "states");
    assertRefused("{\"pattern\": \"((((a{1000}){1000}){1000}){1000})\"}", "states");
    String doubling =
        IntStream.range(0, 60)
            .mapToObj(
                i ->
                    "\"a%d\": {\"allOf\": [{\"properties\": {\"x\": {\"$ref\": \"#/$defs/a%d\"}}},"
                            .formatted(i, i + 1)
                        + " {\"properties\": {\"x\": {\"$ref\": \"#/$defs/b\"}, \"y\": {\"$ref\": \"#/$defs/a%d\"}}}]}"
                            .formatted(i))
            .collect(Collectors.joining(","));
    String schema =
        "{\"$ref\": \"#/$defs/a0\", \"$defs\": {"
            + doubling
            + ", \"a60\": {}, \"b\": {\"properties\": {\"x\": {\"$ref\": \"#/$defs/a0\"}}}}}";
    try {
      grammar(schema);
    } catch (UserError e) {
      assertThat(e).hasMessageContaining("too large");
    }
    String chain =
        IntStream.range(0, 5000)
            .mapToObj(
                i ->
                    "\"a%d\": {\"properties\": {\"x\": {\"$ref\": \"#/$defs/a%d\"}}, \"required\": [\"x\"]}"
                        .formatted(i, i + 1))
            .collect(Collectors.joining(","));
    assertRefused(
        "{\"$ref\": \"#/$defs/a0\", \"$defs\": {" + chain + ", \"a5000\": {}}}", "endless nesting");
  }

  @Test
  @Timeout(20)
  void ambiguousSchemasAreFollowedInBoundedTime() {
    String options =
        IntStream.range(0, 60)
            .mapToObj(i -> "{\"type\": \"string\", \"maxLength\": " + (20 + i) + "}")
            .collect(Collectors.joining(","));
    try (Tokenizer tokenizer = Tokenizer.load(TOKENIZER)) {
      Constraint constraint =
          Constraint.jsonSchema(tokenizer, json("{\"anyOf\": [" + options + "]}"));
      ConstrainedText text = constraint.begin(Set.of(2L));
      long start = System.nanoTime();
      for (int token : tokenizer.encodePlain("\"Once upon a time\"")) {
        text.add(token);
      }

      assertThat(text.isComplete()).isTrue();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    }
  }

  @Test
  void stopTokensAreAllowedWhenTheValueIsComplete() {
    try (Tokenizer tokenizer = Tokenizer.load(TOKENIZER);
        PointerScope scope = new PointerScope()) {
      Constraint constraint = Constraint.jsonSchema(tokenizer, json("{\"enum\": [12, 123]}"));
      ConstrainedText text = constraint.begin(Set.of(2L));
      assertThat(text.allows(2)).isFalse();
      Tensor logits = text.mask(Ops.zeros(600)); // more than the vocabulary
      assertThat(logits.select(0, 2).item_double()).isEqualTo(Double.NEGATIVE_INFINITY);
      assertThat(logits.select(0, 599).item_double()).isEqualTo(Double.NEGATIVE_INFINITY);
      assertThat(logits.select(0, tokenizer.encodePlain("1")[0]).item_double()).isZero();

      text.add(tokenizer.encodePlain("1")[0]);
      text.add(tokenizer.encodePlain("2")[0]);

      assertThat(text.allows(2)).isTrue();
      assertThat(text.isFinished()).isFalse();
      assertThatThrownBy(() -> text.add(tokenizer.encodePlain("4")[0]))
          .hasMessageContaining("can't come next");
      text.add(tokenizer.encodePlain("3")[0]);
      assertThat(text.isFinished()).isTrue();
    }
  }
}
