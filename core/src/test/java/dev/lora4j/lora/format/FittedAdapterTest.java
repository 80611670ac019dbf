package dev.lora4j.lora.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.AdaptedMlp;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An adapter whose paths differ from the network's by a prefix is loaded. */
class FittedAdapterTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2)
          .alpha(3)
          .modulesToSave("head")
          .rankPattern(Map.of("fc2", 3))
          .alphaPattern(Map.of("block.fc2", 7.0));

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 5);
  private final LoraModel model = mlp.model;

  private StoredAdapter prefixed(String prefix, Targets targets) {
    StoredAdapter own = model.stored("default");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    own.tensors().forEach((key, tensor) -> tensors.put(prefix + key, tensor));
    BaseFingerprint base = model.fingerprint().renamed(name -> prefix + name);
    return new StoredAdapter(
        own.config()
            .targets(targets)
            .renamed(name -> prefix + name)
            .rankPattern(Map.of("^" + (prefix + "block").replace(".", "\\.") + "\\.fc2", 3)),
        tensors,
        Optional.of(base));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.language_model.", "module.", "x."})
  void aPrefixIsDroppedInTensorsConfigAndFingerprint(String prefix) {
    try (scope;
        mlp) {
      Tensor expected = mlp.answer();
      for (Targets targets :
          List.of(
              Targets.matching(".*" + prefix.replace(".", "\\.") + ".*fc\\d"),
              Targets.named("fc1", "fc2"),
              Targets.named(prefix + "fc1", prefix + "block.fc2"))) {
        model.load("prefixed", prefixed(prefix, targets), BaseCheck.SAME_BASE);
        model.activate("prefixed");

        TensorAssert.assertThat(mlp.answer()).isExactly(expected);
        assertThat(model.config("prefixed").rankAt("block.fc2")).isEqualTo(3);
        model.remove("prefixed");
      }
    }
  }

  @Test
  void anotherBaseUnderAPrefixIsStillRefused() {
    try (scope;
        mlp) {
      StoredAdapter prefixed = prefixed("model.", Targets.named("fc1", "fc2"));
      mlp.net.parameterAt("fc1.pretrained.bias").copyFrom(torch.ones(8));

      assertThatThrownBy(() -> model.load("prefixed", prefixed, BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("was trained on another base", "fc1.bias: different values");
    }
  }

  @Test
  void torchCompilesNamesAreTheModulesNames(@TempDir Path directory) {
    try (scope;
        mlp) {
      Tensor expected = mlp.answer();
      model.save("default", directory);
      Path weights = directory.resolve("adapter_model.safetensors");
      Map<String, Tensor> compiled = new LinkedHashMap<>();
      try (SafetensorsFile file = SafetensorsFile.open(weights)) {
        for (String name : file.names()) {
          compiled.put(
              name.replace("base_model.model.", "base_model.model._orig_mod.")
                  .replace("block.", "block._orig_mod."),
              file.read(name));
        }
      }
      SafetensorsWriter.write(weights, compiled, Map.of());

      model.load("compiled", directory);
      model.activate("compiled");
      TensorAssert.assertThat(mlp.answer()).isExactly(expected);
    }
  }

  @Test
  void anAdapterOneFolderDeeperIsNamed(@TempDir Path directory) throws Exception {
    try (scope;
        mlp) {
      Path deeper = directory.resolve("checkpoint-500");
      model.save("default", deeper);

      assertThatThrownBy(() -> model.load("x", directory))
          .isInstanceOf(UserError.class)
          .hasMessageEndingWith("; there is one in " + deeper);
      assertThatThrownBy(() -> StoredAdapter.read(Files.createDirectory(directory.resolve("y"))))
          .isInstanceOf(UserError.class)
          .hasMessageEndingWith("can't read adapter_config.json");
      model.save("default", directory.resolve("checkpoint-600"));
      assertThatThrownBy(() -> StoredAdapter.read(directory))
          .hasMessageContaining("; there are some in " + deeper + ", ");
    }
  }
}
