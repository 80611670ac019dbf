package dev.lora4j.models;

import dev.lora4j.nn.Module;
import org.bytedeco.pytorch.Tensor;

/** A piece of a language model: it needs to know who attends to whom, and can't run on its own. */
class Part extends Module {

  /** With these children, named {@code 0}, {@code 1}, …: PyTorch's {@code nn.ModuleList}. */
  Part(Module... numbered) {
    for (int i = 0; i < numbered.length; i++) {
      child(Integer.toString(i), numbered[i]);
    }
  }

  /**
   * Some tokens of a batch, {@code [n, hidden]}.
   *
   * @param places {@code [n]}, int64: counted row after row
   * @param all {@code [batch, tokens, hidden]}
   */
  static Tensor at(Tensor places, Tensor all) {
    return all.flatten(0, 1).index_select(0, places);
  }

  /** Is not there: run the model instead. */
  @Override
  public final Tensor forward(Tensor input) {
    throw new UnsupportedOperationException("a piece of a model can't run alone: run the model");
  }
}
