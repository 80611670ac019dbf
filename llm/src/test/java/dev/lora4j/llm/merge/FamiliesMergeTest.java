package dev.lora4j.llm.merge;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.SavedFamilies;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A merged checkpoint of each family computes what PEFT computes with the adapter. */
class FamiliesMergeTest {
  private static final double TOLERANCE = 1e-4;

  @TempDir Path directory;

  private Path merged(String family, Path adapter) {
    Path out = directory.resolve("merged");
    MergeJob.of(SavedFamilies.directory(family), List.of(adapter)).merge(out);
    return out;
  }

  private static void check(Path model, Fixture expected, String family) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained loaded = Pretrained.load(model)) {
      expected.check(
          "adapted_logits",
          loaded.model().forward(SavedFamilies.expected(family).tensor("tokens")),
          TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smollm3",
        "phi3",
        "gemma2",
        "gemma3",
        "gemma3_nested",
        "ministral3",
        "mistral3_nested",
        "olmo2",
        "qwen3_moe"
      })
  void aMergedCheckpointComputesTheAdaptedLogits(String family) {
    Path adapter = SavedFamilies.directory(family).resolve("adapter");
    check(merged(family, adapter), SavedFamilies.expected(family), family);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stacked", "separate"})
  void adaptersOnExpertsAreMergedIntoTheTensorsOfEachExpert(String layout) {
    Path out = merged("qwen3_moe", Fixture.path("moe/" + layout));
    check(out, Fixture.read("moe/" + layout + "/expected.safetensors"), "qwen3_moe");
  }

  @Test
  void otherPartsOfACheckpointStay() {
    Path adapter = SavedFamilies.directory("gemma3_nested").resolve("adapter");
    Path out = merged("gemma3_nested", adapter);
    Path base = SavedFamilies.directory("gemma3_nested");
    try (SafetensorsFile before = SafetensorsFile.open(base.resolve("model.safetensors"));
        SafetensorsFile after = SafetensorsFile.open(out.resolve("model.safetensors"))) {
      assertThat(after.names()).isEqualTo(before.names());
      assertThat(after.names()).anyMatch(name -> name.contains("vision_tower"));
    }
  }
}
