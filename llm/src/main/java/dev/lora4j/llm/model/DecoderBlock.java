package dev.lora4j.llm.model;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A part of a language model that can't run on its own, since it needs the attention context. */
public class DecoderBlock extends Module {

  /** A part with these children, named {@code 0}, {@code 1}, …: PyTorch's {@code nn.ModuleList}. */
  public DecoderBlock(Module... numbered) {
    for (int i = 0; i < numbered.length; i++) {
      child(Integer.toString(i), numbered[i]);
    }
  }

  /** Not supported: run the model instead. */
  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("a part of a model can't run alone: run the model");
  }
}
