package dev.lora4j.lora;

import java.util.List;

/** One, several or no adapters for every row of a batch; the updates of several add up. */
record SameForAllRows(List<Adapter> present) implements AdapterChoice {
  static final SameForAllRows NONE = new SameForAllRows(List.of());

  SameForAllRows {
    present = List.copyOf(present);
  }

  @Override
  public boolean retain() {
    for (int i = 0; i < present.size(); i++) {
      if (!present.get(i).retain()) {
        present.subList(0, i).forEach(Adapter::release);
        return false;
      }
    }
    return true;
  }

  @Override
  public void release() {
    present.forEach(Adapter::release);
  }
}
