package dev.lora4j.lora.init;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Examples from which {@link Initialization.Eva} learns what layers are given. The tensors stay the
 * caller's.
 *
 * <p>What a layer is given is taken row by row. Positions that don't count are left out where a
 * layer sees one row a position; a layer that sees other rows, such as a classifier with one for
 * each example, is taken whole.
 *
 * @param input what the network is given
 * @param attention {@code [batch, tokens]}: zero where there is padding; empty where there is none
 * @param labels {@code [batch, tokens]}, int64: what {@code use_label_mask} looks at; empty where
 *     all positions count
 */
public record EvaBatch(Tensor input, Optional<Tensor> attention, Optional<Tensor> labels) {

  public EvaBatch {
    if (attention.isPresent()
        && labels.isPresent()
        && !Arrays.equals(Ops.shape(attention.get()), Ops.shape(labels.get()))) {
      throw new UserError(
          "attention and labels must have one shape, found %s and %s"
              .formatted(Ops.shapeOf(attention.get()), Ops.shapeOf(labels.get())));
    }
  }

  /** Examples of which every position counts. */
  public static EvaBatch of(Tensor input) {
    return new EvaBatch(input, Optional.empty(), Optional.empty());
  }

  /** Examples of which positions with an ignored label don't count. */
  public static EvaBatch labelled(Tensor input, Tensor labels) {
    return new EvaBatch(input, Optional.empty(), Optional.of(labels));
  }

  /** The same with padding left out. */
  public EvaBatch withAttention(Tensor attention) {
    return new EvaBatch(input, Optional.of(attention), labels);
  }

  /** The rows of a layer's input that count: {@code [rows, in]}. */
  public Tensor counted(Tensor layerInput, Initialization.Eva how) {
    Tensor rows = layerInput.reshape(-1, layerInput.size(-1));
    return mask(how)
        .filter(mask -> mask.numel() == rows.size(0))
        .map(mask -> rows.index_select(0, mask.flatten().nonzero().view(-1)))
        .orElse(rows);
  }

  private Optional<Tensor> mask(Initialization.Eva how) {
    Optional<Tensor> present = attention.map(mask -> mask.ne(new Scalar(0)));
    if (!how.useLabelMask() || labels.isEmpty()) {
      return present;
    }
    Tensor labelled = labels.get().ne(new Scalar(how.labelMaskValue()));
    return Optional.of(present.map(labelled::logical_and).orElse(labelled));
  }
}
