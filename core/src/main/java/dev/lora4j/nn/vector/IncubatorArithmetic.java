package dev.lora4j.nn.vector;

import dev.lora4j.nn.block.BlockDequantizer;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.EightBitGroups;
import dev.lora4j.nn.block.FourBitGroups;
import dev.lora4j.nn.block.GroupMemory;
import dev.lora4j.nn.block.RoundedInput;
import dev.lora4j.nn.block.RowGroups;
import dev.lora4j.nn.block.SixBitGroups;
import dev.lora4j.nn.block.VectorArithmetic;
import java.nio.ByteBuffer;
import java.util.Optional;

/** The Vector API of module {@code jdk.incubator.vector}. */
public final class IncubatorArithmetic implements VectorArithmetic {

  /** Made by {@link VectorArithmetic}. */
  public IncubatorArithmetic() {}

  @Override
  public boolean suitsCpu() {
    return VectorLanes.COUNT == 8 || VectorLanes.COUNT == 16;
  }

  @Override
  public Optional<BlockDequantizer> dequantizer(BlockType type) {
    return switch (type) {
      case Q4_0 -> Optional.of(VectorSmallBlocks::q4WithoutMinimum);
      case Q4_1 -> Optional.of(VectorSmallBlocks::q4WithMinimum);
      case Q8_0 -> Optional.of(VectorSmallBlocks::q8);
      case Q4_K -> Optional.of(VectorSuperBlocks::q4);
      case Q5_K -> Optional.of(VectorSuperBlocks::q5);
      case Q6_K -> Optional.of(VectorSuperBlocks::q6);
      case Q5_0, Q5_1, Q2_K, Q3_K, IQ4_NL, IQ4_XS -> Optional.empty();
    };
  }

  @Override
  public void sums(float[] a, float[] b, int end) {
    VectorDot.sums(a, b, end);
  }

  @Override
  public Object memory(ByteBuffer buffer) {
    return NativeWords.memory(buffer);
  }

  @Override
  public void multiply(
      RowGroups groups, GroupMemory memory, int at, int count, RoundedInput x, float[] y) {
    if (groups instanceof SixBitGroups six) {
      VectorSixBitGroups.multiply(six, memory.forVectors(), at, count, x, y);
    } else if (groups instanceof EightBitGroups eight) {
      VectorEightBitGroups.multiply(eight, memory.forVectors(), at, count, x, y);
    } else {
      VectorGroups.multiply((FourBitGroups) groups, memory.forVectors(), at, count, x, y);
    }
  }

  @Override
  public void multiply(
      RowGroups groups,
      GroupMemory memory,
      int at,
      int count,
      RoundedInput[] x,
      int input,
      float[][] y) {
    if (groups instanceof SixBitGroups six) {
      for (int i = 0; i < y.length; i++) {
        VectorSixBitGroups.multiply(six, memory.forVectors(), at, count, x[input + i], y[i]);
      }
    } else if (groups instanceof EightBitGroups eight) {
      VectorEightBitGroups.multiply(eight, memory.forVectors(), at, count, x, input, y);
    } else {
      FourBitGroups four = (FourBitGroups) groups;
      VectorGroupBatches.multiply(four, memory.forVectors(), at, count, x, input, y);
    }
  }

  @Override
  public void dequantize(
      RowGroups groups,
      int[] words,
      int at,
      int from,
      int end,
      float[] columns,
      int place,
      int stride) {
    if (groups instanceof SixBitGroups six) {
      VectorSixBitColumns.dequantize(six, words, at, from, end, columns, place, stride);
    } else if (groups instanceof EightBitGroups eight) {
      VectorEightBitColumns.dequantize(eight, words, at, from, end, columns, place, stride);
    } else {
      FourBitGroups four = (FourBitGroups) groups;
      VectorGroupColumns.dequantize(four, words, at, from, end, columns, place, stride);
    }
  }
}
