package dev.lora4j.llm.constrain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.lora4j.llm.constrain.grammar.Grammar;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.schema.SchemaCompiler;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;

/** Constrained texts against another implementation of JSON Schema. */
class ConstraintLawsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final Tokenizer BYTE_LEVEL = tokenizer("smollm2");
  private static final Tokenizer SENTENCE_PIECE = tokenizer("llama2");

  private static Tokenizer tokenizer(String fixture) {
    return Tokenizer.load(Path.of("..", "llm", "src/test/resources/fixtures/text", fixture));
  }

  @AfterContainer
  static void close() {
    BYTE_LEVEL.close();
    SENTENCE_PIECE.close();
  }

  @Property(tries = 150)
  void randomTokensMakeValidDocuments(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    JsonNode schema = RandomSchema.of(random, 3).schema();
    for (Tokenizer tokenizer : List.of(BYTE_LEVEL, SENTENCE_PIECE)) {
      Constraint constraint = Constraint.jsonSchema(tokenizer, schema);
      Optional<String> text = new RandomWriter(tokenizer, random).write(constraint, 400);
      if (text.isPresent()) {
        assertValid(schema, text.get());
      }
    }
  }

  private static void assertValid(JsonNode schema, String text) throws JsonProcessingException {
    JSON.readTree(text);
    Schema validator = REGISTRY.getSchema(schema.toString());
    List<Error> errors =
        validator.validate(
            text,
            InputFormat.JSON,
            context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)));
    assertThat(errors).as(schema + " " + text).isEmpty();
  }

  @Property(tries = 300)
  void validDocumentsAreAccepted(@ForAll long seed) throws JsonProcessingException {
    RandomSchema random = RandomSchema.of(new Random(seed), 3);
    Grammar grammar = grammar(random.schema());
    for (int i = 0; i < 3; i++) {
      JsonNode value = random.value().get();
      assertValid(random.schema(), value.toString());
      String pretty =
          JSON.writerWithDefaultPrettyPrinter().writeValueAsString(value).replace("\" : ", "\": ");
      boolean listed = random.schema().toString().contains("\"k\""); // objects of an enum: compact
      for (String text : List.of(value.toString(), listed ? value.toString() : pretty)) {
        assertThat(grammar.matches(text.getBytes(StandardCharsets.UTF_8)))
            .as(random.schema() + " " + text)
            .isTrue();
      }
    }
  }

  @Property(tries = 300)
  void everyDoubleOfAMillionthAndMoreIsANumber(@ForAll long seed) throws JsonProcessingException {
    double value = Math.pow(10, new Random(seed).nextDouble() * 13 - 6);
    String text = new BigDecimal(Double.toString(value)).toPlainString();

    for (String schema : List.of("{\"type\":\"number\"}", "{\"type\":\"number\",\"minimum\":0}")) {
      assertThat(grammar(JSON.readTree(schema)).matches(text.getBytes(StandardCharsets.UTF_8)))
          .as(schema + " " + text)
          .isTrue();
    }
  }

  private static Grammar grammar(JsonNode schema) {
    GrammarBuilder builder = new GrammarBuilder();
    return builder.build(builder.call(SchemaCompiler.rule(builder, schema), builder.end()));
  }

  @Property(tries = 100)
  void randomTokensMakeJsonObjects(@ForAll long seed)
      throws CharacterCodingException, JsonProcessingException {
    Constraint constraint = Constraint.jsonObject(BYTE_LEVEL);

    Optional<String> text = new RandomWriter(BYTE_LEVEL, new Random(seed)).write(constraint, 400);

    if (text.isPresent()) {
      assertThat(JSON.readTree(text.get()).isObject()).isTrue();
    }
  }
}
