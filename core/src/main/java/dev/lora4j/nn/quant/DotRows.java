package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDot;
import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;
import java.util.Arrays;

/** Rows whose blocks are multiplied without being dequantised. */
record DotRows(BlockRows source, BlockDot dot) implements RowSource {

  @Override
  public long rows() {
    return source.rows();
  }

  @Override
  public long columns() {
    return source.columns();
  }

  @Override
  public boolean isSameAs(RowSource other) {
    return other instanceof DotRows dots && source.isSameAs(dots.source);
  }

  @Override
  public void forEachRow(long first, int count, RowScratch scratch, RowUse use) {
    source.forEachRow(first, count, scratch, use);
  }

  @Override
  public boolean multipliesCodes() {
    return true;
  }

  @Override
  public void prepare(RowInput x) {
    x.transposed();
  }

  @Override
  public void multiply(
      long first, int count, RowInput x, RowScratch scratch, FloatVector y, int place) {
    float[] elements = x.transposed();
    float[] totals = scratch.values(BlockDot.SUMS);
    source.forEachRowInBlocks(
        first,
        count,
        scratch,
        (i, in, at) -> {
          dot.totals(in, at, source.blocks(), elements, totals);
          y.put(place + i, BlockDot.sum(totals));
        });
  }

  @Override
  public void multiply(
      long first,
      int count,
      RowBatch x,
      int input,
      int inputs,
      RowScratch scratch,
      RowBatch y,
      int place) {
    float[] totals = scratch.values(BlockDot.SUMS);
    float[][] totalsOfEach = scratch.values(GroupProducts.INPUTS, BlockDot.SUMS);
    float[][] elements = new float[inputs][];
    Arrays.setAll(elements, i -> x.input(input + i).transposed());
    source.forEachRowInBlocks(
        first,
        count,
        scratch,
        (row, in, at) -> {
          int i = 0;
          for (; i + GroupProducts.INPUTS <= inputs; i += GroupProducts.INPUTS) {
            dot.totals(in, at, source.blocks(), elements, i, totalsOfEach);
            for (int j = 0; j < GroupProducts.INPUTS; j++) {
              y.row(input + i + j).put(place + row, BlockDot.sum(totalsOfEach[j]));
            }
          }
          for (; i < inputs; i++) {
            dot.totals(in, at, source.blocks(), elements[i], totals);
            y.row(input + i).put(place + row, BlockDot.sum(totals));
          }
        });
  }
}
