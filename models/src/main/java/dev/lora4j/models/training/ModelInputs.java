package dev.lora4j.models.training;

import dev.lora4j.models.PrefixTree;
import dev.lora4j.models.Tokens;
import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A micro-batch as tensors, which belong to the caller's scope.
 *
 * @param tokens {@code [rows, width]}
 * @param lossPositions {@code [n]}, int64: the tokens, counted row after row, whose logits predict
 *     a token with loss
 * @param targets {@code [n]}, int64: the tokens with loss
 */
record ModelInputs(Tokens tokens, Tensor lossPositions, Tensor targets) {

  static ModelInputs of(MicroBatch batch, Device device) {
    return new ModelInputs(
        tokens(batch, device),
        vector(batch.lossPositions(), device),
        vector(batch.targets(), device));
  }

  private static Tokens tokens(MicroBatch batch, Device device) {
    PrefixTree layout = batch.layout();
    Tensor ids = vector(layout.tokens(), device).view(batch.rows(), batch.width());
    return batch.isJoined()
        ? Tokens.packed(ids, vector(layout.positions(), device).view(1, batch.width()), layout)
        : Tokens.of(ids);
  }

  private static Tensor vector(int[] values, Device device) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray()).to(device, ScalarType.Long);
  }
}
