package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.io.FiniteValues;
import dev.lora4j.lora.merge.MergeLimits;
import dev.lora4j.lora.merge.MergeReceipt;
import dev.lora4j.lora.merge.OutputComparison;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** A merge that is measured on samples and, if it exceeds the limits, undone bit for bit. */
final class CheckedMerge {
  private final LoraModel model;

  private CheckedMerge(LoraModel model) {
    this.model = model;
  }

  static MergeReceipt of(LoraModel model, List<Tensor> samples, MergeLimits limits) {
    if (samples.isEmpty()) {
      throw new UserError("no samples to check the merge with; give at least one input");
    }
    boolean training = model.base().isTraining();
    model.base().train(false);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      List<Tensor> before = samples.stream().map(model::forward).map(Tensor::clone).toList();
      model.merge();
      boolean stays = false;
      try {
        MergeReceipt receipt = new CheckedMerge(model).receipt(before, samples);
        refuse(limits.brokenBy(receipt));
        stays = true;
        return receipt;
      } finally {
        if (!stays) {
          model.unmerge();
        }
      }
    } finally {
      model.base().train(training);
    }
  }

  private static void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new UserError(
          "the merge was undone, the base is unchanged:\n  " + String.join("\n  ", problems));
    }
  }

  private MergeReceipt receipt(List<Tensor> before, List<Tensor> samples) {
    refuse(notFinite());
    OutputComparison comparison = new OutputComparison();
    for (int i = 0; i < samples.size(); i++) {
      try (PointerScope scope = new PointerScope()) {
        comparison.add(before.get(i), model.forward(samples.get(i)));
      }
    }
    return comparison.receipt();
  }

  private List<String> notFinite() {
    List<String> problems = new ArrayList<>();
    model
        .base()
        .namedParameters()
        .forEach(
            (path, parameter) -> {
              if (!FiniteValues.areIn(parameter.value())) {
                problems.add(path.replace(".pretrained", "") + " contains NaN or Inf");
              }
            });
    return problems;
  }
}
