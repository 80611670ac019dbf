package dev.lora4j.models.training;

import dev.lora4j.models.Tokens;
import dev.lora4j.models.text.PackedBatch;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A batch as a model reads it, and the places in it from which a token that carries loss is
 * predicted. The tensors belong to the scope of who made it.
 *
 * @param tokens {@code [rows, width]}
 * @param places {@code [n]}, int64: places in the batch, row after row
 * @param targets {@code [n]}, int64: the token that each of them is to predict
 */
record LossRows(Tokens tokens, Tensor places, Tensor targets) {

  static LossRows of(PackedBatch batch, Device device) {
    return new LossRows(
        tokens(batch, device), vector(batch.places(), device), vector(batch.targets(), device));
  }

  private static Tokens tokens(PackedBatch batch, Device device) {
    Tensor ids = matrix(batch.tokens(), batch, device);
    return batch.isJoined()
        ? Tokens.packed(
            ids, matrix(batch.positions(), batch, device), matrix(batch.ends(), batch, device))
        : Tokens.of(ids);
  }

  /** A number for each token of a batch, {@code [rows, width]}, int64. */
  private static Tensor matrix(int[] values, PackedBatch batch, Device device) {
    return vector(values, device).view(batch.rows(), batch.width());
  }

  private static Tensor vector(int[] values, Device device) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray()).to(device, ScalarType.Long);
  }
}
