package dev.lora4j.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VocabularyTest {
  private static final Path FILE = Path.of("model", "tokenizer.json");

  @Test
  void tokensAreFoundAmongAllElse() {
    Vocabulary vocabulary =
        parse(
            """
            {"version": "1.0", "normalizer": {"model": {"vocab": {"not this": 9}}},
             "added_tokens": [{"id": 7, "content": "<end>", "special": true}, {"id": 3, "content": "b"}],
             "model": {"type": "BPE", "merges": [["a", "b"]], "vocab": {"a": 0, "b": 1, "\\u00e9": 2},
                       "unk_token": null}, "decoder": [{"vocab": {}}]}
            """);

    assertThat(vocabulary.id("a")).hasValue(0);
    assertThat(vocabulary.id("b")).as("added tokens go before").hasValue(3);
    assertThat(vocabulary.id("é")).hasValue(2);
    assertThat(vocabulary.id("<end>")).hasValue(7);
    assertThat(vocabulary.id("not this")).isEmpty();
    assertThat(vocabulary.size()).isEqualTo(8);
  }

  @Test
  void piecesWithScoresAreCounted() {
    Vocabulary vocabulary =
        parse(
            "{\"model\": {\"vocab\": [[\"<unk>\", 0.0], [\"▁a\", -1.5]]}, \"added_tokens\": null}");

    assertThat(vocabulary.id("▁a")).hasValue(1);
    assertThat(vocabulary.size()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1]|expected a JSON object",
        "``|expected a JSON object",
        "{}|key model.vocab: expected tokens, found none",
        "{\"model\": 3}|key model.vocab: expected tokens, found none",
        "{\"model\": {\"vocab\": {}}}|key model.vocab: expected tokens, found none",
        "{\"model\": {\"vocab\": {\"a\": 0|invalid JSON",
        "{\"model\": {\"vocab\": [[\"a\"|invalid JSON",
        "{\"model\": {\"merges\": [|invalid JSON",
        "{\"model\": nothing}|invalid JSON"
      })
  void whatHoldsNoTokensIsRefused(String content, String reason) {
    assertThatThrownBy(() -> parse(content))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("tokenizer.json")
        .hasMessageContaining(reason);
  }

  private static Vocabulary parse(String content) {
    return Vocabulary.parse(FILE, content.getBytes(StandardCharsets.UTF_8));
  }
}
