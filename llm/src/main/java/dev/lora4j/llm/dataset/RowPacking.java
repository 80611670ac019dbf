package dev.lora4j.llm.dataset;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Bin packing of examples into rows, best fit decreasing: longest first, each into the row with the
 * least sufficient room. It needs at most 11/9 of the optimal number of rows, plus one (Johnson,
 * Demers, Ullman, Garey and Graham, 1974).
 */
final class RowPacking {
  private RowPacking() {}

  /**
   * Packs examples; those of equal length keep their order.
   *
   * @param lengths at most {@code width} each
   * @param width length of a row
   * @return the examples of each row
   */
  static List<List<Integer>> pack(int[] lengths, int width) {
    Integer[] longestFirst = new Integer[lengths.length];
    Arrays.setAll(longestFirst, i -> i);
    Arrays.sort(longestFirst, Comparator.comparingInt((Integer i) -> lengths[i]).reversed());
    List<List<Integer>> rows = new ArrayList<>();
    TreeMap<Integer, Deque<List<Integer>>> byRoom = new TreeMap<>();
    for (Integer example : longestFirst) {
      int length = lengths[example];
      if (length > width) {
        throw new IllegalArgumentException(
            "example " + example + ": " + length + " tokens in rows of " + width);
      }
      Map.Entry<Integer, Deque<List<Integer>>> fitting = byRoom.ceilingEntry(length);
      int room = width;
      List<Integer> row;
      if (fitting == null) {
        row = new ArrayList<>();
        rows.add(row);
      } else {
        room = fitting.getKey();
        row = fitting.getValue().removeFirst();
        if (fitting.getValue().isEmpty()) {
          byRoom.remove(room);
        }
      }
      row.add(example);
      byRoom.computeIfAbsent(room - length, left -> new ArrayDeque<>()).addLast(row);
    }
    return rows;
  }
}
