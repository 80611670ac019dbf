package dev.lora4j.llm.model;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A module of a language model that needs the attention context, so it can't run on its own. */
public class DecoderBlock extends Module {

  /** A module with children {@code 0}, {@code 1}, …, as PyTorch's {@code nn.ModuleList}. */
  public DecoderBlock(Module... numbered) {
    for (int i = 0; i < numbered.length; i++) {
      child(Integer.toString(i), numbered[i]);
    }
  }

  /** Not supported: run the model instead. */
  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("this module can't run on its own: run the model");
  }
}
