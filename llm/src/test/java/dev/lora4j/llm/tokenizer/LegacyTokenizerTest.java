package dev.lora4j.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextFixture;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizers without {@code tokenizer.json}, or with tokens beside it, as transformers reads them.
 */
class LegacyTokenizerTest {
  private final Path directory;

  LegacyTokenizerTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spm_llama",
        "spm_bpe",
        "spm_unigram",
        "vocab_gpt2",
        "vocab_qwen2",
        "vocab_bert",
        "vocab_bert_cased",
        "added_beside"
      })
  void encodesAndDecodesAsTransformersDoes(String name) {
    JsonNode expected = TextFixture.json(name + "/expected.json");
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      for (JsonNode one : expected.path("cases")) {
        String text = one.path("text").asText();
        int[] ids = TextFixture.ints(one.path("ids"));
        assertThat(tokenizer.encodePlain(text)).as("encode %s", text).isEqualTo(ids);
        assertThat(tokenizer.decode(ids)).as("decode").isEqualTo(one.path("decoded").asText());
      }
      assertThat(tokenizer.vocabularySize()).isEqualTo(expected.path("vocabulary").asInt());
    }
  }

  @Test
  void declaredSpecialTokensAreAddedAndSurroundTexts() throws IOException {
    int number = 0;
    for (JsonNode settings : TextFixture.json("legacy_special.json").path("settings")) {
      Path copy = Files.createDirectory(directory.resolve("case" + number++));
      Path source = TextFixture.path(settings.path("folder").asText());
      for (String file :
          new String[] {"tokenizer.model", "vocab.json", "merges.txt", "config.json"}) {
        if (Files.exists(source.resolve(file))) {
          Files.copy(source.resolve(file), copy.resolve(file));
        }
      }
      Files.writeString(copy.resolve("tokenizer_config.json"), settings.path("config").toString());
      try (Tokenizer tokenizer = Tokenizer.load(copy)) {
        assertThat(tokenizer.vocabularySize())
            .as("%s", settings)
            .isEqualTo(settings.path("vocabulary").asInt());
        for (JsonNode one : settings.path("cases")) {
          assertThat(tokenizer.encode(one.path("text").asText()))
              .as("%s", settings)
              .isEqualTo(TextFixture.ints(one.path("ids")));
        }
      }
    }
  }

  @Test
  void copyHasACompleteTokenizer() throws IOException {
    ModelFiles.in(TextFixture.path("vocab_qwen2")).copyTokenizerTo(directory);
    Files.delete(directory.resolve("merges.txt"));
    try (Tokenizer copy = Tokenizer.load(directory);
        Tokenizer original = TextFixture.tokenizer("vocab_qwen2")) {
      String text = "A fox <SEP> runs.<|endoftext|>";
      assertThat(copy.encode(text)).isEqualTo(original.encode(text)).contains(562);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{\"<new>\": 5};'<new>' has id 5, but",
        "{\"<|endoftext|>\": 562};'<|endoftext|>' has id 562, but '<|endoftext|>' has id 0",
        "{\"<new>\": 565};the next free id of tokenizer.json is 562",
        "{\"<new>\": -1};expected an id for '<new>', found -1",
        "{\"<new>\": \"a\"};expected an id for '<new>', found \"a\"",
      })
  void contradictionOfTwoFilesIsNamed(String added, String reason) throws IOException {
    Files.copy(TextFixture.path("gpt2/tokenizer.json"), directory.resolve("tokenizer.json"));
    Files.writeString(directory.resolve("added_tokens.json"), added);
    assertThatThrownBy(() -> Tokenizer.load(directory))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("added_tokens.json")
        .hasMessageContaining(reason);
  }

  @Test
  void truncatedSentencePieceModelIsRefused() throws IOException {
    byte[] model = Files.readAllBytes(TextFixture.path("spm_bpe/tokenizer.model"));
    Path file = directory.resolve("tokenizer.model");
    for (int length : new int[] {0, 1, 100, model.length / 2 - 1, model.length - 1}) {
      Files.write(file, Arrays.copyOf(model, length));
      assertThatThrownBy(() -> Tokenizer.load(directory))
          .as("%d bytes", length)
          .isInstanceOf(CorruptFile.class)
          .hasMessageContaining("tokenizer.model");
    }
  }

  @Test
  void otherTokenizerClassIsRefused() throws IOException {
    Files.copy(TextFixture.path("spm_bpe/tokenizer.model"), directory.resolve("tokenizer.model"));
    Files.writeString(
        directory.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"T5Tokenizer\"}");
    assertThatThrownBy(() -> Tokenizer.load(directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("T5Tokenizer")
        .hasMessageContaining("save_pretrained");
  }
}
