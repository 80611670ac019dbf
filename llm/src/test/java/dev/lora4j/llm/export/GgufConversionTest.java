package dev.lora4j.llm.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.PythonPeer;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufConversionTest {
  private final Path directory;

  GgufConversionTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3", "llama_linear", "qwen3", "gpt2"})
  void convertedDirectoryHasTheValuesOfTheFile(String family) {
    Path out = directory.resolve("out");
    AtomicLong heard = new AtomicLong();

    GgufConversion.Result result =
        GgufConversion.run(file(family), out, SaveOptions.oneFile(), heard::addAndGet);

    assertThat(result.format()).isEqualTo(DType.F32);
    assertThat(heard).hasValue(4 * result.parameters());
    try (PointerScope scope = new PointerScope();
        Pretrained original = Pretrained.load(SavedFamilies.directory(family));
        Pretrained converted = Pretrained.load(out)) {
      TensorAssert.assertSameState(converted.model().stateDict(), original.model().stateDict());
      assertThat(converted.model().hasTiedHead()).isEqualTo(original.model().hasTiedHead());
      assertThat(converted.model().maxPositions()).isEqualTo(original.model().maxPositions());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen3", "gpt2"})
  void transformersLoadsTheDirectoryAndComputesTheSame(String family)
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path out = directory.resolve("out");
    Path computed = directory.resolve("computed.safetensors");
    GgufConversion.run(
        file(family), out, SaveOptions.oneFile().as(DType.BF16).shardsOf(20_000), bytes -> {});
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained converted = Pretrained.load(out)) {
      Tensor tokens = SavedFamilies.expected(family).tensor("tokens");
      Tensor logits = converted.model().forward(tokens);
      SafetensorsWriter.write(computed, Map.of("tokens", tokens, "logits", logits), Map.of());
    }

    PythonPeer.Answer answer = python.run("check_with_transformers.py", out, computed);

    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(out.resolve("model.safetensors.index.json")).exists();
  }

  @Test
  void tokenizerAndEndTokensAreConverted() {
    Path out = directory.resolve("out");
    GgufConversion.run(file("tokenizer_llama3"), out, SaveOptions.oneFile(), bytes -> {});

    try (Tokenizer converted = Tokenizer.load(out);
        Tokenizer inFile = Tokenizer.load(file("tokenizer_llama3"))) {
      String text = "Grüße <|eot_id|> in 2024\n";
      assertThat(converted.encode(text)).isEqualTo(inFile.encode(text));
      assertThat(converted.special()).isEqualTo(inFile.special());
    }
    assertThat(out)
        .isDirectoryContaining("glob:**special_tokens_map.json")
        .isDirectoryContaining("glob:**generation_config.json");
  }

  @Test
  void valuesThatTheDtypeCannotHoldAreRefusedAndNothingIsLeft() throws IOException {
    Path large = directory.resolve("large.gguf");
    byte[] bytes = Files.readAllBytes(file("llama2"));
    // the last number of the file, 1e30
    System.arraycopy(
        new byte[] {(byte) 0xca, (byte) 0xf2, 0x49, 0x71}, 0, bytes, bytes.length - 4, 4);
    Files.write(large, bytes);
    Path out = directory.resolve("out");

    assertThatThrownBy(
            () ->
                GgufConversion.run(large, out, SaveOptions.oneFile().as(DType.F16), progress -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has values that float16 can't hold; use bfloat16");
    assertThat(directory).isDirectoryNotContaining("glob:**out*");
  }

  @Test
  void aDirectoryThatIsNotEmptyIsLeftAlone() throws IOException {
    Files.writeString(directory.resolve("mine"), "x");
    assertThatThrownBy(
            () ->
                GgufConversion.run(
                    file("llama2"), directory, SaveOptions.oneFile(), progress -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("it is not empty");
  }

  @Test
  void commandsThatNeedADirectoryNameTheConversion() {
    assertThatThrownBy(() -> Checkpoint.open(file("llama2")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is a GGUF file; convert it to a directory first: lora convert");
  }

  private static Path file(String name) {
    return Fixture.path("gguf/" + name + ".gguf");
  }
}
