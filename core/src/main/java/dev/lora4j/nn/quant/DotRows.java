package dev.lora4j.nn.quant;

import dev.lora4j.nn.block.BlockDot;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.RowScratch;
import dev.lora4j.nn.kernel.RowSource;

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
      RowInput x,
      RowInput other,
      RowScratch scratch,
      FloatVector y,
      FloatVector ofOther,
      int place) {
    float[] elements = x.transposed();
    float[] otherElements = other.transposed();
    float[] totals = scratch.values(BlockDot.SUMS);
    float[] totalsOfOther = scratch.moreValues(BlockDot.SUMS);
    source.forEachRowInBlocks(
        first,
        count,
        scratch,
        (i, in, at) -> {
          dot.totals(in, at, source.blocks(), elements, otherElements, totals, totalsOfOther);
          y.put(place + i, BlockDot.sum(totals));
          ofOther.put(place + i, BlockDot.sum(totalsOfOther));
        });
  }
}
