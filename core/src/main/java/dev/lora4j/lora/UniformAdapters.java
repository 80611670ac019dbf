package dev.lora4j.lora;

import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import java.util.ArrayList;
import java.util.List;

/** One, several or no adapters for every row of a batch; the deltas of several add up. */
record UniformAdapters(List<Adapter> adapters) implements ActiveAdapters {
  static final UniformAdapters NONE = new UniformAdapters(List.of());

  UniformAdapters {
    adapters = List.copyOf(adapters);
  }

  @Override
  public List<LoraDelta> of(LoraLayer layer) {
    List<LoraDelta> deltas = new ArrayList<>(adapters.size());
    for (Adapter adapter : adapters) {
      LoraDelta delta = adapter.delta(layer);
      if (delta != null) {
        deltas.add(delta);
      }
    }
    return deltas;
  }

  @Override
  public boolean retain() {
    for (int i = 0; i < adapters.size(); i++) {
      if (!adapters.get(i).retain()) {
        adapters.subList(0, i).forEach(Adapter::release);
        return false;
      }
    }
    return true;
  }

  @Override
  public void release() {
    adapters.forEach(Adapter::release);
  }
}
