package dev.lora4j.llm.encoder;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A module of an encoder that needs the tokens' layout too, so it can't run on its own. */
public class EncoderBlock extends Module {

  /** A module with children {@code 0}, {@code 1}, …, as PyTorch's {@code nn.ModuleList}. */
  public EncoderBlock(Module... numbered) {
    for (int i = 0; i < numbered.length; i++) {
      child(Integer.toString(i), numbered[i]);
    }
  }

  /** Not supported: run the encoder instead. */
  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("this module can't run on its own: run the encoder");
  }
}
