package dev.lora4j.lora.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.lora.AdaptedMlp;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BaseFingerprintTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2);

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp made = AdaptedMlp.trained(CONFIG, 1);
  private final AdaptedMlp other = AdaptedMlp.trained(CONFIG, 2);

  @AfterEach
  void close() {
    made.close();
    other.close();
    scope.close();
  }

  /** sha256sum of the four bytes 00 00 80 3f. */
  @Test
  void digestOfATensorIsThatOfItsBytes() {
    assertThat(TensorDigest.of(Ops.ones(1)))
        .isEqualTo("e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c");
    Tensor rows = Ops.tensor(new float[] {1, 2, 3, 4}, 2, 2);
    assertThat(TensorDigest.of(rows.t()))
        .isEqualTo(TensorDigest.of(Ops.tensor(new float[] {1, 3, 2, 4}, 4)));
    assertThat(TensorDigest.of(Ops.empty(0)))
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  }

  @Test
  void fingerprintDoesNotDependOnAdapters() {
    BaseFingerprint adapted = made.model.fingerprint();

    try (Mlp plain = new Mlp()) {
      plain.loadStateDict(baseOf(made));
      assertThat(Lora.base(plain).fingerprint()).isEqualTo(adapted);
    }
    made.with("more", CONFIG);
    made.model.merge();
    assertThat(made.model.fingerprint()).isEqualTo(adapted);
    made.model.unmerge();
    assertThat(made.model.fingerprint()).isEqualTo(adapted);
    assertThat(adapted.tensors().keySet())
        .containsExactly("block.fc2.weight", "fc1.bias", "fc1.weight", "head.bias", "head.weight");
    assertThat(adapted.tensors().get("fc1.weight")).startsWith("F32[8, 6] ");
  }

  private static Map<String, Tensor> baseOf(AdaptedMlp adapted) {
    Map<String, Tensor> base = new LinkedHashMap<>();
    adapted
        .net
        .stateDict()
        .forEach(
            (path, tensor) -> {
              if (path.contains(".pretrained")) {
                base.put(path.replace(".pretrained", ""), tensor.detach());
              }
            });
    return base;
  }

  @Test
  void fingerprintIsCachedUntilTheBaseChanges() {
    BaseFingerprint first = made.model.fingerprint();
    assertThat(made.model.fingerprint()).isSameAs(first);

    made.net.parameterAt("fc1.pretrained.bias").copyFrom(Ops.ones(8));

    assertThat(made.model.fingerprint().differences(first))
        .containsExactly("fc1.bias: different values");
  }

  @Test
  void adapterLoadsOntoItsOwnBase(@TempDir Path directory) {
    made.model.save("default", directory);

    made.model.load("again", directory);

    try (SafetensorsFile file =
        SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
      BaseFingerprint recorded = BaseFingerprint.in(file.metadata()).orElseThrow();
      assertThat(recorded.withRounded(new TreeMap<>())).isEqualTo(made.model.fingerprint());
      assertThat(recorded.rounded().keySet()).isEqualTo(recorded.tensors().keySet());
    }
  }

  @Test
  void anotherBaseIsRefusedUnlessAccepted(@TempDir Path directory) {
    made.model.save("default", directory);

    assertThatThrownBy(() -> other.model.load("strange", directory))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("adapter_model.safetensors was trained on another base (SHA-256 ")
        .hasMessageContaining("block.fc2.weight: different values")
        .hasMessageContaining("BaseCheck.ANY_BASE");
    assertThat(other.model.adapterNames()).containsExactly("default");

    other.model.load("strange", directory, BaseCheck.ANY_BASE);
    TensorAssert.assertThat(other.model.parameters("strange").get(0).value())
        .isExactly(made.model.parameters("default").get(0).value());
  }

  @Test
  void adapterWithoutAFingerprintIsNotChecked(@TempDir Path directory) {
    made.model.save("default", directory);
    Path file = directory.resolve("adapter_model.safetensors");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (SafetensorsFile saved = SafetensorsFile.open(file)) {
      saved.names().forEach(name -> tensors.put(name, saved.read(name)));
    }
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));

    other.model.load("fromPeft", directory);

    assertThat(other.model.adapterNames()).contains("fromPeft");
  }

  @Test
  void differencesAreListedTensorByTensor() {
    BaseFingerprint one =
        new BaseFingerprint(
            "aa", new TreeMap<>(Map.of("a", "F32[2] 1", "b", "F32[2] 1", "c", "F32[2] 1")));
    BaseFingerprint two =
        new BaseFingerprint(
            "bb", new TreeMap<>(Map.of("a", "F16[2] 1", "b", "F32[2] 2", "d", "F32[2] 1")));

    assertThat(one.differences(two))
        .containsExactly(
            "a: expected F32[2], found F16[2]",
            "b: different values",
            "c: missing here",
            "d: not in the other base");
    assertThat(BaseFingerprint.in(one.metadata())).contains(one);
    assertThat(BaseFingerprint.in(Map.of("format", "pt"))).isEqualTo(Optional.empty());
  }

  @Test
  void manyDifferencesAreCounted() {
    TreeMap<String, String> eight = new TreeMap<>();
    for (int i = 0; i < 8; i++) {
      eight.put("w" + i, "F32[1] 0");
    }
    BaseFingerprint one = new BaseFingerprint("aa", eight);
    BaseFingerprint none = new BaseFingerprint("bb", new TreeMap<>());

    assertThatThrownBy(() -> one.require("file", here(none), BaseCheck.SAME_BASE))
        .hasMessageContaining("w4: missing here\n  and 3 more\n");
  }

  private static BaseFingerprint.Present here(BaseFingerprint base) {
    return new BaseFingerprint.Present() {
      @Override
      public BaseFingerprint exact() {
        return base;
      }

      @Override
      public BaseFingerprint rounded() {
        return base;
      }
    };
  }

  /** Adapters of earlier versions have no digests of rounded values. */
  @Test
  void fingerprintWithoutRoundedDigestsFitsTheSameValuesOnly() {
    StoredAdapter stored = made.model.stored("default");
    BaseFingerprint old = stored.baseFingerprint().orElseThrow().withRounded(new TreeMap<>());
    StoredAdapter earlier = new StoredAdapter(stored.config(), stored.tensors(), Optional.of(old));

    made.model.load("earlier", earlier, BaseCheck.SAME_BASE);

    Parameter weight = made.net.parameterAt("fc1.pretrained.weight");
    weight.replaceValue(weight.value().detach().to(ScalarType.Half).to(ScalarType.Float));
    assertThatThrownBy(() -> made.model.load("rounded", earlier, BaseCheck.SAME_BASE))
        .hasMessageContaining("fc1.weight: different values");
  }

  /** A conversion to F16 or BF16 and back rounds every value; the base is the same. */
  @ParameterizedTest
  @EnumSource(
      value = ScalarType.class,
      names = {"Half", "BFloat16"})
  void roundedBaseIsTheSame(ScalarType narrow, @TempDir Path directory) {
    made.model.save("default", directory.resolve("exact"));
    List<Parameter> base =
        made.net.namedParameters().entrySet().stream()
            .filter(entry -> entry.getKey().contains("pretrained"))
            .map(Map.Entry::getValue)
            .toList();

    base.forEach(p -> p.replaceValue(p.value().detach().to(narrow).to(ScalarType.Float)));
    made.model.load("fromExact", directory.resolve("exact"));
    made.model.save("default", directory.resolve("rounded"));
    base.get(0).value().detach().view(-1).narrow(0, 0, 1).add_(Ops.ONE);
    base.get(0).changed();

    assertThatThrownBy(() -> made.model.load("other", directory.resolve("rounded")))
        .hasMessageContaining("different values");
    assertThatThrownBy(() -> made.model.load("other", directory.resolve("exact")))
        .hasMessageContaining("different values");
  }

  /** A base with rounded values is another base; one with the same values in F16 is not. */
  @Test
  void valuesCountNotTheirDtype() {
    Engine.seed(1);
    try (Sequential net = new Sequential(Linear.withoutBias(2, 2))) {
      LoraModel model = Lora.base(net);
      BaseFingerprint single = model.fingerprint();
      Linear layer = (Linear) net.find("0");
      layer.weight().replaceValue(layer.weight().value().detach().to(ScalarType.Half));

      assertThat(single.differences(model.fingerprint()))
          .containsExactly("0.weight: different values");

      BaseFingerprint half = model.fingerprint();
      layer.weight().replaceValue(layer.weight().value().detach().to(ScalarType.Float));
      assertThat(model.fingerprint()).isEqualTo(half);
    }
  }

  @Test
  void writesThatBypassTheParameterCount() {
    try (PointerScope scope = new PointerScope();
        Linear layer = new Linear(2, 2)) {
      LoraModel model = Lora.base(layer);
      Tensor memory = Ops.zeros(4);
      layer.weight().moveInto(memory);
      BaseFingerprint before = model.fingerprint();

      memory.add_(Ops.ONE);
      layer.weight().changed();

      assertThat(model.fingerprint()).isNotEqualTo(before);
    }
  }
}
