package dev.lora4j.llm.constrain.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads one byte, which decides on the next node. */
public final class ByteSwitch extends GrammarNode {
  private int[] from = new int[2];
  private int[] to = new int[2];
  private GrammarNode[] nodes = new GrammarNode[2];
  private int size;

  ByteSwitch() {}

  /**
   * Adds a range of bytes, which no other range of this switch overlaps.
   *
   * @param from first byte, 0 to 255
   * @param to last byte
   */
  public ByteSwitch on(int from, int to, GrammarNode next) {
    if (size == nodes.length) {
      this.from = Arrays.copyOf(this.from, 2 * size);
      this.to = Arrays.copyOf(this.to, 2 * size);
      nodes = Arrays.copyOf(nodes, 2 * size);
    }
    this.from[size] = from;
    this.to[size] = to;
    nodes[size] = next;
    size++;
    return this;
  }

  /** Adds one byte. */
  public ByteSwitch on(int value, GrammarNode next) {
    return on(value, value, next);
  }

  /** Returns the node after a byte; null if the byte can't come here. */
  @Nullable GrammarNode next(int value) {
    for (int i = 0; i < size; i++) {
      if (value >= from[i] && value <= to[i]) {
        return nodes[i];
      }
    }
    return null;
  }

  @Override
  int fewestFrames() {
    int fewest = UNREACHABLE;
    for (int i = 0; i < size; i++) {
      fewest = Math.min(fewest, nodes[i].frames());
    }
    return fewest;
  }
}
