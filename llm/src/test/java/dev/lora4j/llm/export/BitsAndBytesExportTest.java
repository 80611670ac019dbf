package dev.lora4j.llm.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.PythonPeer;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BitsAndBytesExportTest {
  private static final SaveOptions ONE_FILE = SaveOptions.oneFile();

  @TempDir Path directory;
  private final PointerScope scope = new PointerScope();
  private final NoGradGuard guard = new NoGradGuard();

  @AfterEach
  void close() {
    guard.close();
    scope.close();
  }

  private Path dense(String name) {
    Path out = directory.resolve("dense");
    DenseExport.run(
        Fixture.path("bitsandbytes/" + name), out, ONE_FILE.as(DType.F32), elements -> {});
    return out;
  }

  private static Tensor tokens() {
    return Fixture.read("bitsandbytes/nf4/expected.safetensors").tensor("tokens");
  }

  static Stream<Arguments> quantizations() {
    Quantization nf4 = Quantization.of(QuantType.NF4);
    return Stream.of(
        Arguments.of("nf4", nf4),
        Arguments.of("nf4-double", nf4.withDoubleQuant()),
        Arguments.of("nf4-skipped", Quantization.of(QuantType.FP4)));
  }

  @ParameterizedTest
  @MethodSource("quantizations")
  void theDirectoryHasTheValuesOfAModelThatIsQuantisedWhileLoading(String name, Quantization to) {
    Path base = dense(name);
    Path out = directory.resolve("quantised");
    BitsAndBytesExport.run(base, out, to, ONE_FILE, elements -> {});

    try (Pretrained written = Pretrained.load(out);
        Pretrained inMemory = Pretrained.load(base, WeightStorage.quantized(to))) {
      assertThat(written.storage()).isEqualTo(inMemory.storage());
      TensorAssert.assertThat(written.model().forward(tokens()))
          .isExactly(inMemory.model().forward(tokens()));
    }
  }

  @Test
  void theTensorsAreThoseOfBitsandbytes() {
    Path out = directory.resolve("quantised");
    Path theirs = Fixture.path("bitsandbytes/nf4");
    BitsAndBytesExport.run(dense("nf4"), out, Quantization.of(QuantType.NF4), ONE_FILE, n -> {});

    try (SafetensorsFile ours = SafetensorsFile.open(out.resolve("model.safetensors"));
        SafetensorsFile expected = SafetensorsFile.open(theirs.resolve("model.safetensors"))) {
      assertThat(ours.names()).isEqualTo(expected.names());
      for (String name : ours.names()) {
        assertThat(ours.form(name)).as(name).isEqualTo(expected.form(name));
        TensorAssert.assertThat(ours.read(name)).as(name).isExactly(expected.read(name));
      }
    }
  }

  /** Both ways: an adapter trained here gives PEFT the same logits on the same directory. */
  @ParameterizedTest
  @MethodSource("quantizations")
  void transformersAndPeftGiveTheSameLogits(String name, Quantization to)
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path out = directory.resolve("quantised");
    Path adapter = directory.resolve("adapter");
    BitsAndBytesExport.run(dense(name), out, to, ONE_FILE, elements -> {});
    Path computed = directory.resolve("computed.safetensors");
    try (Pretrained base = Pretrained.load(out)) {
      write(computed, base);
      check(python.run("check_with_transformers.py", out, computed));
      LoraModel adapted =
          Lora.adapt(base.model(), LoraConfig.rank(4).alpha(8).targets(Targets.everyLinear()));
      adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.2, null));
      adapted.save("default", adapter);
      write(computed, base);
    }
    check(python.run("check_with_transformers.py", out, computed, Path.of("--adapter"), adapter));
  }

  private static void write(Path file, Pretrained model) {
    Tensor logits = model.model().forward(tokens());
    SafetensorsWriter.write(file, Map.of("tokens", tokens(), "logits", logits), Map.of());
  }

  private static void check(PythonPeer.Answer answer) {
    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text()).contains("\"ok\": true");
  }

  @Test
  void formatsOfGgufAreRefused() {
    assertThatThrownBy(
            () ->
                BitsAndBytesExport.run(
                    dense("nf4"),
                    directory.resolve("out"),
                    Quantization.of(QuantType.Q4_0),
                    ONE_FILE,
                    elements -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("a directory can't hold q4_0, which is a format of GGUF");
  }
}
