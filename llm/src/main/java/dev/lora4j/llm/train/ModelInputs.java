package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.llm.model.PrefixTree;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A micro-batch as tensors, with the int64 positions whose logits predict loss tokens. */
record ModelInputs(TokenBatch tokens, Tensor lossPositions, Tensor targets) {

  static ModelInputs of(MicroBatch batch, Device device) {
    return new ModelInputs(
        tokens(batch, device),
        vector(batch.lossPositions(), device),
        vector(batch.targets(), device));
  }

  private static TokenBatch tokens(MicroBatch batch, Device device) {
    PrefixTree layout = batch.layout();
    Tensor ids = vector(layout.tokens(), device).view(batch.rows(), batch.width());
    return batch.isJoined()
        ? TokenBatch.packed(ids, vector(layout.positions(), device).view(1, batch.width()), layout)
        : TokenBatch.of(ids);
  }

  private static Tensor vector(int[] values, Device device) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray()).to(device, ScalarType.Long);
  }
}
