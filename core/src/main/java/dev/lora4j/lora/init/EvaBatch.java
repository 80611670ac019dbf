package dev.lora4j.lora.init;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Examples from which {@link Initialization.Eva} learns the inputs of layers, row by row; the
 * tensors remain the caller's. Masked positions are left out if the layer has one row per position;
 * all rows count in other layers, such as a classifier with one row per example.
 *
 * @param input the network's input
 * @param attention {@code [batch, tokens]}: the attention mask, zero at padding
 * @param labels {@code [batch, tokens]}, int64: the labels for {@code use_label_mask}
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

  /** Returns a batch in which every position counts. */
  public static EvaBatch of(Tensor input) {
    return new EvaBatch(input, Optional.empty(), Optional.empty());
  }

  /** Returns a batch in which positions with an ignored label do not count. */
  public static EvaBatch labelled(Tensor input, Tensor labels) {
    return new EvaBatch(input, Optional.empty(), Optional.of(labels));
  }

  /** Returns the same batch without the padding positions. */
  public EvaBatch withAttention(Tensor attention) {
    return new EvaBatch(input, Optional.of(attention), labels);
  }

  /** Returns the rows of a layer's input that count, {@code [rows, in]}. */
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
