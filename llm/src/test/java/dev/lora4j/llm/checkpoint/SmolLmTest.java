package dev.lora4j.llm.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.PythonPeer;
import dev.lora4j.io.DType;
import dev.lora4j.io.download.CacheDirectory;
import dev.lora4j.llm.export.GgufConversion;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SmolLM2-135M-Instruct in a GGUF file of Q4_1, where {@code tools/smollm2.py} has put it. */
class SmolLmTest {
  private static final Path FILE =
      CacheDirectory.get().resolve("models").resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
  private static final List<String> TEXTS =
      List.of(
          "The capital of France is Paris.",
          "  two  spaces\n\n\tand tabs, 1234567 and 3.14",
          "Grüße, où? Привет 你好 😀",
          "<|im_start|>user\nit's<|im_end|>\n",
          "def f(x):\n    return x ** 2\n");
  private static final List<Message> QUESTION =
      List.of(Message.user("What is the capital of France?"));

  private final Path directory;

  SmolLmTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @BeforeEach
  void theFileIsThere() {
    assumeTrue(Files.exists(FILE), FILE + " is not there; python tools/smollm2.py gets it");
  }

  @Test
  void itAnswersInEnglish() {
    try (Tokenizer tokenizer = Tokenizer.load(FILE);
        Pretrained base = Pretrained.load(FILE)) {
      ChatTemplate template = ChatTemplate.load(FILE, tokenizer.special()).orElseThrow();
      String prompt = template.prompt(QUESTION);
      assertThat(prompt)
          .startsWith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
          .endsWith(
              """
              <|im_start|>user
              What is the capital of France?<|im_end|>
              <|im_start|>assistant
              """);

      List<Long> answer = greedy(base, tokenizer.encode(prompt), 24);

      assertThat(tokenizer.decodeSkippingSpecial(ints(answer)))
          .isEqualTo("The capital of France is Paris.");
      for (String text : TEXTS) {
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
      }
    }
  }

  @Test
  void transformersComputesTheSameWithTheConvertedDirectory()
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path out = directory.resolve("smollm2");
    GgufConversion.run(FILE, out, SaveOptions.oneFile(), bytes -> {});
    Path computed = directory.resolve("computed.json");
    Files.write(computed, new ObjectMapper().writeValueAsBytes(computed(out)));

    PythonPeer.Answer answer = python.run("check_converted.py", out, computed);

    assertThat(answer.exit()).as(answer.text()).isZero();
  }

  private static ObjectNode computed(Path model) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    try (Tokenizer tokenizer = Tokenizer.load(model);
        Pretrained base = Pretrained.load(model, DType.F32)) {
      for (String text : TEXTS) {
        ObjectNode one = json.withArray("texts").addObject().put("text", text);
        Arrays.stream(tokenizer.encode(text)).forEach(one.withArray("ids")::add);
      }
      json.withArray("messages")
          .addObject()
          .put("role", "user")
          .put("content", "What is the capital of France?");
      ChatTemplate template = ChatTemplate.load(model, tokenizer.special()).orElseThrow();
      json.put("rendered", template.prompt(QUESTION));
      int[] prompt = tokenizer.encode("Once upon a time, there was a little robot who");
      Arrays.stream(prompt).forEach(json.withArray("prompt")::add);
      greedy(base, prompt, 32).forEach(json.withArray("greedy")::add);
    }
    return json;
  }

  private static List<Long> greedy(Pretrained base, int[] prompt, int length) {
    GenerationConfig config = GenerationConfig.greedy(length).stoppingAt(base.endTokens());
    List<Long> tokens = Arrays.stream(prompt).mapToLong(id -> id).boxed().toList();
    return new Generator(base.model()).generate(tokens, config, token -> true).tokens();
  }

  private static int[] ints(List<Long> tokens) {
    return tokens.stream().mapToInt(Math::toIntExact).toArray();
  }
}
