package dev.lora4j.llm.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.lora4j.io.DType;
import dev.lora4j.io.download.CacheDirectory;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Completion;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** A real model with 49,152 tokens that answers by a nested schema. */
class SmolLmSchemaTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path MODEL =
      CacheDirectory.get().resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
  private static final String SCHEMA =
      """
      {"type": "object", "required": ["title", "rating", "author"], "properties": {
        "title": {"type": "string", "maxLength": 12},
        "rating": {"type": "integer", "minimum": 1, "maximum": 5},
        "tags": {"type": "array", "maxItems": 1, "items": {"enum": ["new", "classic", "long"]}},
        "author": {"type": "object", "required": ["name"], "properties": {
          "name": {"type": "string", "maxLength": 8},
          "born": {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}}}}}
      """;
  private static final List<String> WORDS =
      List.of("pirates", "LoRA", "Vienna", "the sea", "cats", "math", "love", "bread", "war", "42");
  private static ChatModel model;

  @BeforeAll
  static void open() {
    assumeTrue(Files.exists(MODEL), "python tools/smollm2.py downloads the model");
    model = ChatModel.open(MODEL, WeightStorage.dense(DType.F32)); // faster without the Vector API
  }

  @AfterAll
  static void close() {
    if (model != null) {
      model.close();
    }
  }

  private static JsonNode schema() {
    try {
      return JSON.readTree(SCHEMA);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void everyAnswerIsValidAndAMaskTakesLessThanAMillisecond(TestReporter reporter) {
    Constraint constraint = Constraint.jsonSchema(model.format().tokenizer(), schema());
    Schema validator =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(SCHEMA);
    List<List<Long>> answers = new ArrayList<>();
    try (Workers workers = new Workers(2);
        GenerationSession session = Generator.sharedBy(workers, model.network()).session()) {
      for (int i = 0; i < 20; i++) {
        String prompt = "Name a book about %s as JSON.".formatted(WORDS.get(i % 10));
        GenerationOptions options =
            new GenerationOptions(120, Sampling.temperature(i < 10 ? 0.7 : 1.5), List.of())
                .seed(i)
                .constraint(constraint);
        int[] ids = model.format().prompt(List.of(Message.user(prompt)));
        Completion answer = model.write(session, ids, options, piece -> true);
        assertThat(validator.validate(answer.text(), InputFormat.JSON)).as(answer.text()).isEmpty();
        answers.add(answer.generation().tokens());
      }
    }
    double cold = microsPerToken(answers.subList(0, 1));
    double warm = microsPerToken(answers);
    reporter.publishEntry("mask, first answer of a schema, µs per token", "%.0f".formatted(cold));
    reporter.publishEntry("mask, 20 answers, µs per token", "%.0f".formatted(warm));
    assertThat(warm).isLessThan(1000);
  }

  /** The processor time of the masks of these answers, with a new constraint. */
  private static double microsPerToken(List<List<Long>> answers) {
    Constraint constraint = Constraint.jsonSchema(model.format().tokenizer(), schema());
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long tokens = 0;
    long start = threads.getCurrentThreadCpuTime();
    for (List<Long> answer : answers) {
      ConstrainedText text = constraint.begin(Set.of(2L));
      for (long token : answer) {
        try (PointerScope scope = new PointerScope()) {
          Tensor masked = text.mask(Ops.zeros(model.network().vocabularySize()));
          assertThat(masked.select(0, token).item_double()).isZero();
          text.add(token);
        }
        tokens++;
      }
    }
    return (threads.getCurrentThreadCpuTime() - start) / 1e3 / tokens;
  }
}
