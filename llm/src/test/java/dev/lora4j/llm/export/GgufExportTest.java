package dev.lora4j.llm.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufExportTest {
  private final Path directory;

  GgufExportTest(@TempDir Path directory) {
    this.directory = directory;
  }

  /** The expected files are not ours, but made with the gguf package. */
  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3", "llama_linear", "qwen3", "gpt2"})
  void theTensorsAreThoseOfLlamaCppsConverter(String family) {
    Path out = directory.resolve("out.gguf");

    GgufExport.run(SavedFamilies.directory(family), out, GgmlType.F32);

    try (PointerScope scope = new PointerScope();
        GgufFile expected = GgufFile.open(Fixture.path("gguf/" + family + ".gguf"));
        GgufFile written = GgufFile.open(out)) {
      assertThat(written.names()).containsExactlyInAnyOrderElementsOf(expected.names());
      for (String name : expected.names()) {
        if (name.equals("rope_freqs.weight")) {
          TensorAssert.assertThat(written.read(name)).isCloseTo(expected.read(name), 1e-5);
        } else {
          TensorAssert.assertThat(written.read(name)).isExactly(expected.read(name));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"F16, 1e-2", "BF16, 5e-2", "Q8_0, 5e-2"})
  void exportedFileComputesTheSame(GgmlType type, double tolerance) {
    Path out = directory.resolve("out.gguf");
    GgufExport.run(SavedFamilies.directory("llama3"), out, type);
    Fixture expected = SavedFamilies.expected("llama3");

    try (PointerScope scope = new PointerScope();
        GgufFile file = GgufFile.open(out);
        Pretrained base = Pretrained.load(out)) {
      assertThat(file.tensor("token_embd.weight").type()).isEqualTo(type);
      assertThat(file.tensor("output_norm.weight").type()).isEqualTo(GgmlType.F32);
      Tensor logits = base.model().forward(expected.tensor("tokens"));
      expected.check("logits", logits, tolerance);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void theTokenizerComesBack(String name) {
    Path hugging = directory.resolve("hugging");
    Path out = directory.resolve("out.gguf");
    Path given = Fixture.path("gguf/tokenizer_" + name + ".gguf");
    GgufConversion.run(given, hugging, SaveOptions.oneFile(), bytes -> {});

    GgufExport.run(hugging, out, GgmlType.F16);

    String text = "The quick brown fox, 1234 Grüße 你好 😀\n\n  <|im_end|></s> it's";
    try (Tokenizer first = Tokenizer.load(given);
        Tokenizer again = Tokenizer.load(out);
        GgufFile before = GgufFile.open(given);
        GgufFile after = GgufFile.open(out)) {
      assertThat(again.encode(text)).isEqualTo(first.encode(text));
      assertThat(again.special().texts()).isEqualTo(first.special().texts());
      for (String key : new String[] {"tokens", "token_type", "merges", "model"}) {
        assertThat(after.metadata().get("tokenizer.ggml." + key))
            .isEqualTo(before.metadata().get("tokenizer.ggml." + key));
      }
      assertThat(after.text("tokenizer.chat_template"))
          .isEqualTo(before.text("tokenizer.chat_template"));
    }
  }

  @Test
  void slidingWindowLimitsTheContextLength() {
    Path out = directory.resolve("out.gguf");
    GgufExport.run(SavedFamilies.directory("mistral"), out, GgmlType.F32);
    try (GgufFile file = GgufFile.open(out)) {
      assertThat(file.text("general.architecture")).contains("llama");
      assertThat(file.number("llama.context_length")).contains(5.0);
    }
  }

  @Test
  void unwritableTargetOrTypeIsRefused() throws IOException {
    Path out = directory.resolve("out.gguf");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory("llama2"), out, GgmlType.Q5_K))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "Q5_K can be read but not written; use one of F32, F16, Q4_0, Q8_0, Q4_K");
    assertThat(directory).isEmptyDirectory();
    Files.writeString(out, "mine");
    assertThatThrownBy(() -> GgufExport.run(SavedFamilies.directory("llama2"), out, GgmlType.F16))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is a file or directory of that name");
    assertThat(Map.of(out, Files.readString(out))).containsValue("mine");
  }
}
