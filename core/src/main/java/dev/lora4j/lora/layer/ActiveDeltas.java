package dev.lora4j.lora.layer;

import java.util.List;

/** Selects the deltas that a layer adds in the calling thread's forward. */
@FunctionalInterface
public interface ActiveDeltas {

  /** Returns the active deltas of a layer, in order; none while they are merged. */
  List<? extends LayerDelta> of(LoraLayer layer);
}
