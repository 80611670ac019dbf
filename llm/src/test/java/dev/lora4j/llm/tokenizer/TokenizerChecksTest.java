package dev.lora4j.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.dataset.TextFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each of these files ended the process or hung it when it reached the native library. */
class TokenizerChecksTest {
  private static final Path HOSTILE = Path.of("../../shared/cases/hostile/tokenizer");
  private final Path directory;

  TokenizerChecksTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void hostileFilesAreRefused() throws IOException {
    assumeTrue(Files.exists(HOSTILE), "needs ../shared/cases");
    try (Stream<Path> files = Files.list(HOSTILE)) {
      for (Path file : files.toList()) {
        Files.write(directory.resolve("tokenizer.json"), Files.readAllBytes(file));
        assertRefused("key ");
      }
    }
  }

  private void assertRefused(String reason) {
    Assertions.assertTimeout(
        Duration.ofSeconds(2),
        () ->
            assertThatThrownBy(() -> Tokenizer.load(directory))
                .isInstanceOf(CorruptFile.class)
                .hasMessageContaining("tokenizer.json: ")
                .hasMessageContaining(reason));
  }

  private void with(String key, String value) throws IOException {
    ObjectNode json = JsonDocument.read(TextFixture.path("gpt2/tokenizer.json")).json();
    String text = json.put(key, "@@").toString().replace("\"@@\"", value);
    Files.writeString(directory.resolve("tokenizer.json"), text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "decoder|{'type': 'ByteLevel', 'trim_offsets': 3}|decoder.trim_offsets: expected true or false, found NUMBER 3",
        "decoder|{'type': 'Fuse', 'x': 99999999999999999999999}|decoder.x: expected a number in range",
        "decoder|{'type': 'Fuse', 'x': '\\ud800'}|decoder.x: expected text in Unicode",
        "decoder|{'type': 'Fuze'}|did you mean Fuse",
        "decoder|{'type': 'Strip', 'content': ' ', 'start': -1, 'stop': 0}|decoder.start: expected a whole number",
        "normalizer|{'type': 'Prepend', 'prepend': ''}|normalizer.prepend: expected a text of 1",
        "normalizer|{'type': 'Precompiled', 'precompiled_charsmap': null}|expected a text",
        "normalizer|{'type': 'Precompiled', 'precompiled_charsmap': '////////'}|expected a trie within",
        "normalizer|{'type': 'Precompiled', 'precompiled_charsmap': 'BAAAAAAAAAAAAAAA'}|expected links within the trie",
        "pre_tokenizer|{'type': 'FixedLength', 'length': 0}|pre_tokenizer.length: expected a whole number from 1",
        "pre_tokenizer|{'type': 'Split', 'pattern': {'Regex': '(a{1000}){1001}'}, 'behavior': 'Isolated', 'invert': false}|repetitions",
        "post_processor|{'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': 'x', 'type_id': 0}}], 'pair': [], 'special_tokens': {}}|expected tokens of special_tokens",
        "padding|{'pad_to_multiple_of': 0}|pad_to_multiple_of: expected a whole number from 1",
        "added_tokens|[{'id': -1, 'content': 'x'}]|added_tokens.id: expected a whole number",
      })
  void wrongFieldIsNamed(String key, String value, String reason) throws IOException {
    with(key, value.replace('\'', '"'));
    assertRefused(reason);
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    with("decoder", "{\"type\": \"Fuse\", \"x\": " + "[".repeat(200) + "]".repeat(200) + "}");
    assertRefused("decoder.x: expected at most 24 levels");
    String groups = "(".repeat(9000) + ")".repeat(9000);
    String split =
        "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"%s\"}, \"behavior\": \"Isolated\","
            + " \"invert\": false}";
    with("pre_tokenizer", split.formatted(groups.substring(8900, 9100)));
    assertRefused("at most 50 nested groups, found 100");
    with("pre_tokenizer", split.formatted(groups));
    assertRefused("at most 8,192 characters, found 18,000");
  }

  @Test
  void componentsThatMultiplyATextAreRefused() throws IOException {
    String step = "{\"type\": \"ByteLevel\"}";
    String sequence = "{\"type\": \"Sequence\", \"pretokenizers\": [%s]}";
    with("pre_tokenizer", sequence.formatted((step + ",").repeat(6) + step));
    assertRefused("lengthen a text more than 64 times");
    String digits = "{\"type\": \"Digits\", \"individual_digits\": true}";
    with("pre_tokenizer", sequence.formatted((digits + ",").repeat(70) + digits));
    assertRefused("more than 64 components");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[[\"a\"]]", "[\"a b\", 3]", "[[\"a\", \"b\", \"c\"]]", "{}"})
  void mergesAreTexts(String merges) throws IOException {
    String model =
        "{\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1}, \"merges\": " + merges + "}";
    with("model", model);
    assertRefused("model.merges: expected");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1.5", "\"3\"", "4294967296"})
  void idsAreWholeNumbers(String id) throws IOException {
    with("model", "{\"type\": \"BPE\", \"vocab\": {\"a\": " + id + "}, \"merges\": []}");
    assertRefused("model.vocab: expected an id for a, found");
    assertThat(directory).isNotEmptyDirectory();
  }
}
