package dev.lora4j.llm.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.checkpoint.SaveOptions;
import dev.lora4j.llm.export.DenseExport;
import dev.lora4j.llm.export.GgufExport;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merging from and to quantised files. */
class QuantizedMergeTest {
  private static final Path NF4 = Fixture.path("bitsandbytes/nf4");
  private static final Path ADAPTER = NF4.resolve("adapter");

  @TempDir Path directory;
  private final PointerScope scope = new PointerScope();
  private final NoGradGuard guard = new NoGradGuard();

  @AfterEach
  void close() {
    guard.close();
    scope.close();
  }

  private static Tensor tokens() {
    return Fixture.read("bitsandbytes/nf4/expected.safetensors").tensor("tokens");
  }

  private static Tensor logits(Path model) {
    try (Pretrained loaded = Pretrained.load(model, WeightStorage.exactlyAsStored())) {
      return loaded.model().forward(tokens());
    }
  }

  /** The share of the adapter's effect by which logits differ from those of base and adapter. */
  private static double lost(Path merged) {
    try (Pretrained base = Pretrained.load(NF4)) {
      LoraModel adapted = Lora.base(base.model());
      Tensor before = base.model().forward(tokens()).clone();
      adapted.load("default", ADAPTER);
      adapted.activate("default");
      Tensor expected = adapted.forward(tokens());
      Tensor effect = expected.sub(before);
      return logits(merged).sub(expected).norm().item_double() / effect.norm().item_double();
    }
  }

  @Test
  void aQuantisedBaseIsMergedIntoADenseDirectory() {
    Path out = directory.resolve("merged");
    MergeSummary summary = MergeJob.of(NF4, List.of(ADAPTER)).as(DType.F32).merge(out);

    assertThat(lost(out)).isLessThan(1e-5);
    assertThat(summary.changes()).hasSize(14).allMatch(change -> change.lost() < 1e-6);
    assertThat(summary.notes())
        .anyMatch(note -> note.startsWith("no logits were compared") && note.contains("tokenizer"));
  }

  @Test
  void aMergeIsQuantisedAgainAndItsRoundingMeasured() {
    Path out = directory.resolve("merged");
    MergeSummary summary =
        MergeJob.of(NF4, List.of(ADAPTER)).mergeQuantized(out, Quantization.of(QuantType.NF4));

    try (Pretrained merged = Pretrained.load(out)) {
      assertThat(merged.storage()).contains("nf4");
    }
    assertThat(summary.changes()).hasSize(14).allMatch(c -> c.lost() > 0.01 && c.lost() < 1);
    assertThat(lost(out)).isBetween(0.01, 1.0);
  }

  @Test
  void aGgufBaseIsMergedIntoAGgufFile() {
    Path dense = directory.resolve("dense");
    DenseExport.run(NF4, dense, SaveOptions.oneFile().as(DType.F32), elements -> {});
    Path base = directory.resolve("base.gguf");
    GgufExport.run(dense, base, GgmlType.Q8_0);
    Path out = directory.resolve("merged.gguf");

    MergeSummary summary =
        MergeJob.of(base, List.of(ADAPTER))
            .checking(BaseCheck.ANY_BASE)
            .mergeToGguf(out, GgmlType.Q8_0);

    try (Pretrained merged = Pretrained.load(out)) {
      assertThat(merged.storage()).containsExactly("Q8_0");
    }
    assertThat(summary.changes()).hasSize(14).allMatch(c -> c.lost() > 0 && c.lost() < 0.05);
    assertThat(lost(out)).isLessThan(0.05);
  }

  @Test
  void logitsAreComparedOnSampleTexts() {
    Path base = Fixture.path("gguf/tokenizer_llama3.gguf");
    Path adapter = directory.resolve("adapter");
    try (Pretrained model = Pretrained.load(base)) {
      LoraModel adapted = Lora.adapt(model.model(), LoraConfig.rank(2).alpha(4));
      adapted.parameters("default").forEach(p -> p.value().normal_(0, 0.3, null));
      adapted.save("default", adapter);
    }
    MergeSummary summary =
        MergeJob.of(base, List.of(adapter))
            .comparingOn(List.of("one two three", "four"))
            .mergeToGguf(directory.resolve("merged.gguf"), GgmlType.Q8_0);

    LogitReceipt logits = summary.logits().orElseThrow(() -> new AssertionError(summary.notes()));
    assertThat(logits.merge().samples()).isEqualTo(2);
    assertThat(logits.rounding().largest()).isPositive().isLessThan(logits.merge().largest());
    assertThat(logits.rounding().mean()).isPositive().isLessThan(logits.merge().mean());
  }

  @Test
  void nothingIsSubtractedFromAQuantisedModel() {
    assertThatThrownBy(() -> MergeJob.of(NF4, List.of(ADAPTER)).unmerge(directory.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is quantised (bitsandbytes), from which nothing can be subtracted");
  }

  @Test
  void doctorAcceptsAnAdapterOfAQuantisedBase() {
    assertThat(Doctor.examine(NF4, ADAPTER).fits()).isTrue();
  }
}
