package dev.lora4j.llm.model.transformer;

import dev.lora4j.nn.Module;

/** The second branch of a layer: {@code [batch, tokens, hidden]} to the same shape. */
public abstract class FeedForward extends Module {

  /** The modules, for decoders that do not run the forward. */
  abstract DecoderModules.FeedForward modules();
}
