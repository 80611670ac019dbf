package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The LoRA of one linear layer, {@code scaling · B A}: the form that every file format can express.
 *
 * @param path the layer's path
 * @param a {@code [rank, in]}
 * @param b {@code [out, rank]}
 * @param scaling the factor
 * @param magnitude DoRA's magnitude, {@code [out]}, if there is one
 */
record CanonicalDelta(String path, Tensor a, Tensor b, double scaling, @Nullable Tensor magnitude) {

  /**
   * Converts an adapter that consists only of LoRA or DoRA of linear layers.
   *
   * @param format the name of the target format, for errors
   * @throws UserError if the adapter has anything else; the message lists all of it
   */
  static List<CanonicalDelta> of(StoredAdapter adapter, String format) {
    List<CanonicalDelta> layers = new ArrayList<>();
    List<String> problems = problems(adapter.config());
    Set<String> left = new LinkedHashSet<>(adapter.tensors().keySet());
    for (String path : adapter.paths()) {
      Tensor a = adapter.tensors().get(path + StoredAdapter.A);
      Tensor b = adapter.tensors().get(path + StoredAdapter.B);
      if (a != null && b != null && a.dim() == 2 && b.dim() == 2) {
        String magnitude = path + StoredAdapter.MAGNITUDE;
        left.removeAll(Set.of(path + StoredAdapter.A, path + StoredAdapter.B, magnitude));
        double scaling = adapter.config().scalingAt(path);
        layers.add(new CanonicalDelta(path, a, b, scaling, adapter.tensors().get(magnitude)));
      }
    }
    left.forEach(key -> problems.add("the tensor " + key));
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s can't express %s; merge the adapter into its base instead"
              .formatted(format, String.join(", ", problems)));
    }
    return layers;
  }

  private static List<String> problems(LoraConfig config) {
    List<String> problems = new ArrayList<>();
    if (!config.isLora()) {
      problems.add("peft_type = " + config.method().peftType());
    }
    if (config.bias() != BiasTraining.NONE) {
      problems.add("bias = " + config.bias().word());
    }
    if (config.loraBias()) {
      problems.add("lora_bias");
    }
    if (config.initialization().changesBase()) {
      problems.add("init_lora_weights = " + config.initialization().word());
    }
    if (!config.modulesToSave().isEmpty()) {
      problems.add("modules_to_save = " + config.modulesToSave());
    }
    if (!config.targetParameters().isEmpty()) {
      problems.add("target_parameters = " + config.targetParameters());
    }
    if (!config.trainableTokens().isEmpty()) {
      problems.add("trainable_token_indices");
    }
    return problems;
  }

  long rank() {
    return a.size(0);
  }

  /**
   * Returns the same delta with another scaling, compensated in B, which is then F32 and exact up
   * to its last bit.
   */
  CanonicalDelta scaledBy(double other) {
    if (other == scaling) {
      return this;
    }
    Tensor folded =
        b.detach().to(ScalarType.Double).mul(new Scalar(scaling / other)).to(ScalarType.Float);
    return new CanonicalDelta(path, a, folded, other, magnitude);
  }

  /** Returns the same delta with A and B padded with zeros to a larger rank. */
  CanonicalDelta ofRank(long rank) {
    long missing = rank - rank();
    if (missing == 0) {
      return this;
    }
    Tensor wide = torch.constant_pad_nd(a.detach(), 0, 0, 0, missing);
    Tensor high = torch.constant_pad_nd(b.detach(), 0, missing);
    return new CanonicalDelta(path, wide, high, scaling, magnitude);
  }
}
