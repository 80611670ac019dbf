package dev.lora4j.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
  private final Path directory;

  TokenizerTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void encodesAndDecodesAsTransformersDoes(String name) {
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      for (JsonNode one : TextFixture.json(name + "/expected.json").path("cases")) {
        String text = one.path("text").asText();
        int[] ids = TextFixture.ints(one.path("ids"));
        assertThat(tokenizer.encode(text)).as("encode %s", text).isEqualTo(ids);
        assertThat(tokenizer.encodePlain(text))
            .as("encodePlain %s", text)
            .isEqualTo(TextFixture.ints(one.path("plain")));
        assertThat(tokenizer.decode(ids)).isEqualTo(one.path("decoded").asText());
        assertThat(tokenizer.decodeSkippingSpecial(ids)).isEqualTo(one.path("skipped").asText());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void knowsItsSpecialTokensAndItsSize(String name) {
    JsonNode expected = TextFixture.json(name + "/expected.json");
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      TextFixture.checkSpecialTokens(tokenizer, expected);
    }
  }

  @Test
  void everyTokenThatEndsAnAnswerIsAStop() {
    try (Tokenizer tokenizer = TextFixture.tokenizer("llama3")) {
      assertThat(tokenizer.special().stops()).containsExactlyInAnyOrder(1, 4);
      assertThat(tokenizer.special().eos()).hasValue(4);
    }
  }

  @Test
  void withoutAGenerationConfigTheStopsAreThoseOfTheConfig() throws IOException {
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(TextFixture.path("smollm2/" + name), directory.resolve(name));
    }
    Files.writeString(directory.resolve("config.json"), "{\"eos_token_id\": [2, 0]}");
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertThat(tokenizer.special().stops()).containsExactlyInAnyOrder(2, 0);
      assertThat(tokenizer.special().eos()).hasValue(2);
    }
    Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": 2}");
    try (Tokenizer tokenizer = Tokenizer.load(directory)) {
      assertThat(tokenizer.special().stops()).containsExactly(2);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void aStreamGivesTheSameTextAndNeverHalfACharacter(String name) {
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      for (JsonNode one : TextFixture.json(name + "/expected.json").path("cases")) {
        TextStream stream = tokenizer.stream();
        StringBuilder text = new StringBuilder();
        for (int id : TextFixture.ints(one.path("ids"))) {
          String piece = stream.add(id);
          assertThat(piece).doesNotContain("\uFFFD");
          assertThat(
                  piece.isEmpty() || !Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
              .isTrue();
          text.append(piece);
        }
        text.append(stream.finish());
        assertThat(text.toString()).isEqualTo(one.path("skipped").asText());
      }
    }
  }

  @Test
  void bytesThatNeverBecomeACharacterShowAtTheEnd() {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      int[] ids = tokenizer.encodePlain("😀");
      TextStream stream = tokenizer.stream();
      assertThat(stream.add(ids[0])).isEmpty();
      assertThat(stream.finish()).isEqualTo("\uFFFD");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void spansSayWhichCharsATokenStandsFor(String name) {
    String text = "The dog 😀 barks";
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      List<TokenSpan> spans = tokenizer.spans(text, SpecialTokenUse.LEFT_OUT);
      assertThat(spans.stream().mapToInt(TokenSpan::id).toArray())
          .isEqualTo(tokenizer.encodePlain(text));
      TokenSpan last = spans.get(spans.size() - 1);
      assertThat(last.end()).isEqualTo(text.length());
      assertThat(spans.stream().filter(s -> text.substring(s.begin(), s.end()).contains("😀")))
          .isNotEmpty();
    }
  }

  @Test
  void aDirectoryWithoutATokenizerSaysWhatToDo() {
    assertThatThrownBy(() -> Tokenizer.load(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no tokenizer.json")
        .hasMessageContaining("save_pretrained");
  }

  @Test
  void aDamagedFileIsNamed() throws IOException {
    Path file = directory.resolve("tokenizer.json");
    Files.writeString(file, "{\"model\": ");
    assertThatThrownBy(() -> Tokenizer.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(file.toString());
    Files.writeString(file, "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}}}");
    assertThatThrownBy(() -> Tokenizer.load(directory)).isInstanceOf(CorruptFile.class);
  }

  @Test
  void aSpecialTokenThatIsNoTokenIsRefused() throws IOException {
    Files.copy(TextFixture.path("gpt2/tokenizer.json"), directory.resolve("tokenizer.json"));
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"eos_token\": \"<nix>\"}");
    assertThatThrownBy(() -> Tokenizer.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("eos_token: <nix>");
  }
}
