package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.io.gguf.GgufWriter;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tokenizers in GGUF files equal the transformers tokenizers from which they were converted.
 */
class GgufTokenizerTest {
  private final Path directory;

  GgufTokenizerTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void encodesAndDecodesAsTransformersDoes(String name) {
    JsonNode expected = TextFixture.json(name + "/expected.json");
    try (Tokenizer tokenizer = Tokenizer.load(file(name))) {
      for (JsonNode one : expected.path("cases")) {
        String text = one.path("text").asText();
        int[] ids = TextFixture.ints(one.path("ids"));
        assertThat(tokenizer.encode(text)).as("encode %s", text).isEqualTo(ids);
        assertThat(tokenizer.encodePlain(text))
            .as("encodePlain %s", text)
            .isEqualTo(TextFixture.ints(one.path("plain")));
        assertThat(tokenizer.decode(ids)).isEqualTo(one.path("decoded").asText());
        assertThat(tokenizer.decodeSkippingSpecial(ids)).isEqualTo(one.path("skipped").asText());
      }
      TextFixture.checkSpecialTokens(tokenizer, expected);
    }
  }

  @Test
  void theChatTemplateAndAllThatEndAnAnswerComeAlong() {
    try (Tokenizer tokenizer = Tokenizer.load(file("llama3"))) {
      assertThat(tokenizer.special().stops()).containsExactlyInAnyOrder(1, 4);
      ChatTemplate template = ChatTemplate.load(file("llama3"), tokenizer.special()).orElseThrow();
      assertThat(template.render(List.of(Message.user("Hello"))))
          .isEqualTo("<|begin_of_text|>user: Hello");
    }
  }

  @Test
  void anotherKindOfTokenizerIsRefusedByName() {
    assertRefused(
        changed("tokenizer.ggml.model", GgufValue.of("bert")),
        UserError.class,
        "tokenizer.ggml.model: 'bert' is not supported; supported: gpt2, llama");
    assertRefused(
        changed("tokenizer.ggml.pre", GgufValue.of("smolm")),
        UserError.class,
        "tokenizer.ggml.pre: 'smolm' is not supported; did you mean smollm");
  }

  @Test
  void aVocabularyThatContradictsItselfIsRefused() {
    assertRefused(
        changed("tokenizer.ggml.eos_token_id", new GgufValue.Whole(GgufKind.U32, 700)),
        CorruptFile.class,
        "tokenizer.ggml.eos_token_id: expected a number below 548, found 700");
    assertRefused(
        changed("tokenizer.ggml.merges", texts("a ßß")),
        CorruptFile.class,
        "tokenizer.ggml.merges: expected two tokens that together are a third, found 'a ßß' at 0");
    assertRefused(
        changed(
            "tokenizer.ggml.token_type",
            new GgufValue.Items(GgufKind.I32, List.of(new GgufValue.Whole(GgufKind.I32, 1)))),
        CorruptFile.class,
        "tokenizer.ggml.token_type: expected one for each of 548 tokens, found 1");
    assertRefused(
        changed("tokenizer.ggml.tokens", texts("a", "b")), CorruptFile.class, "lists 2 tokens");
  }

  private static GgufValue texts(String... texts) {
    return new GgufValue.Items(GgufKind.TEXT, Arrays.stream(texts).map(GgufValue::of).toList());
  }

  @Test
  void aFileWithoutATokenizerSaysSo() {
    Path without = Fixture.path("gguf/llama2.gguf");
    assertThatThrownBy(() -> Tokenizer.load(without))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no tokenizer.json in " + without);
  }

  private Path changed(String key, GgufValue value) {
    Path made = directory.resolve("changed.gguf");
    try (PointerScope scope = new PointerScope();
        GgufFile file = GgufFile.open(file("smollm2"))) {
      Map<String, GgufValue> metadata = new LinkedHashMap<>(file.metadata());
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      metadata.put(key, value);
      GgufWriter.write(made, metadata, tensors);
    }
    return made;
  }

  private static void assertRefused(
      Path file, Class<? extends RuntimeException> kind, String message) {
    assertThatThrownBy(() -> Tokenizer.load(file)).isInstanceOf(kind).hasMessageContaining(message);
  }

  private static Path file(String name) {
    return Fixture.path("gguf/tokenizer_" + name + ".gguf");
  }
}
