package dev.lora4j.llm.merge;

import dev.lora4j.io.FiniteValues;
import dev.lora4j.llm.merge.Diagnosis.Finding;
import dev.lora4j.llm.merge.Diagnosis.Severity;
import dev.lora4j.lora.format.StoredAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Checks of an adapter that need no base: values, ranks, scaling. */
final class AdapterCheck {
  private static final double LARGE_SCALING = 8;

  private final StoredAdapter adapter;
  private final List<Finding> findings = new ArrayList<>();

  private AdapterCheck(StoredAdapter adapter) {
    this.adapter = adapter;
  }

  static List<Finding> of(StoredAdapter adapter) {
    AdapterCheck check = new AdapterCheck(adapter);
    check.values();
    check.ranks();
    check.scaling();
    return check.findings;
  }

  private void values() {
    List<String> notFinite = new ArrayList<>();
    List<String> zero = new ArrayList<>();
    int factors = 0;
    for (Map.Entry<String, Tensor> entry : adapter.tensors().entrySet()) {
      AdapterTensor.Part part = AdapterTensor.part(entry.getKey());
      boolean last = part == AdapterTensor.Part.B || part == AdapterTensor.Part.EMBEDDING_A;
      factors += last ? 1 : 0;
      try (PointerScope scope = new PointerScope()) {
        if (!FiniteValues.areIn(entry.getValue())) {
          notFinite.add(entry.getKey());
        } else if (last && entry.getValue().count_nonzero().item_long() == 0) {
          zero.add(AdapterTensor.path(entry.getKey()));
        }
      }
    }
    if (!notFinite.isEmpty()) {
      add(
          Severity.PROBLEM,
          "%d tensors hold NaN or infinity: %s".formatted(notFinite.size(), Doctor.some(notFinite)),
          "the training diverged; use an earlier checkpoint, or a smaller learning rate");
    }
    if (factors > 0 && zero.size() == factors) {
      add(
          Severity.ODD,
          "every update is zero, so it changes nothing",
          "it was saved before it was trained, or another adapter was trained");
    } else if (!zero.isEmpty()) {
      add(
          Severity.ODD,
          "the updates of %d layers are zero: %s".formatted(zero.size(), Doctor.some(zero)),
          "they got no gradient; does the network use them?");
    }
  }

  private void ranks() {
    List<String> wrong = adapter.wrongRanks();
    if (!wrong.isEmpty()) {
      add(
          Severity.PROBLEM,
          "%d ranks differ from the config: %s".formatted(wrong.size(), Doctor.some(wrong)),
          "the config and the weights belong to different adapters, or r and rank_pattern were edited");
    }
  }

  private void scaling() {
    double scaling = adapter.config().scaling();
    if (scaling == 0) {
      add(Severity.ODD, "lora_alpha is 0, so it changes nothing", "");
    } else if (scaling < 0) {
      add(Severity.ODD, "lora_alpha is negative: the update is subtracted", "");
    } else if (scaling > LARGE_SCALING) {
      add(
          Severity.ODD,
          "the update is scaled by %s (lora_alpha %s, r %d), more than usual"
              .formatted(scaling, adapter.config().alpha(), adapter.config().rank()),
          "is lora_alpha another tool's scale, which is not divided by the rank?");
    }
  }

  private void add(Severity severity, String what, String remedy) {
    findings.add(new Finding(severity, what, remedy));
  }
}
