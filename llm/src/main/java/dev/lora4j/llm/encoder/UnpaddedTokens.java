package dev.lora4j.llm.encoder;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The N tokens of a batch without its padding, one text after the other, so that no layer computes
 * padding. Texts are ordered by length, and those of one length form a {@link Block}, which attends
 * in one call without a mask. Tensors belong to the caller's pointer scope.
 */
public final class UnpaddedTokens {
  private final List<Text> texts; // in the order of the tokens
  private final List<Block> blocks;
  private final int batch;
  private final long width;
  private final Device device;

  /**
   * The tokens of a text.
   *
   * @param row its row in the batch
   * @param columns the column of each token in the padded batch
   */
  @SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
  private record Text(int row, long[] ids, long[] types, long[] columns) {
    long length() {
      return ids.length;
    }
  }

  /**
   * Consecutive texts of one length.
   *
   * @param from the first token
   * @param texts number of texts
   * @param length number of tokens of each
   */
  public record Block(long from, long texts, long length) {

    /** Returns these texts' part of {@code [N, H]} as {@code [texts, length, H]}. */
    public Tensor of(Tensor all) {
      return all.narrow(0, from, texts * length).view(texts, length, all.size(1));
    }
  }

  private UnpaddedTokens(List<Text> inBatch, long width, Device device) {
    texts = inBatch.stream().sorted(Comparator.comparingLong(Text::length)).toList();
    blocks = blocks(texts);
    batch = inBatch.size();
    this.width = width;
    this.device = device;
  }

  /** Removes the padding of texts; each row has a token. */
  public static UnpaddedTokens of(EncoderInput input) {
    int rows = Math.toIntExact(input.inputIds().size(0));
    int width = Math.toIntExact(input.inputIds().size(1));
    long[] ids = Ops.longs(input.inputIds());
    long[] mask = Ops.longs(input.attentionMask().to(ScalarType.Long));
    long[] types = input.tokenTypeIds().map(Ops::longs).orElseGet(() -> new long[ids.length]);
    List<Text> texts = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int from = row * width;
      int[] cells = IntStream.range(from, from + width).filter(cell -> mask[cell] != 0).toArray();
      texts.add(
          new Text(
              row,
              Arrays.stream(cells).mapToLong(cell -> ids[cell]).toArray(),
              Arrays.stream(cells).mapToLong(cell -> types[cell]).toArray(),
              Arrays.stream(cells).mapToLong(cell -> cell - from).toArray()));
    }
    return checked(texts, width, input.inputIds().device());
  }

  /** The tokens of texts that were never padded. */
  public static UnpaddedTokens of(List<TokenSequence> sequences, Device device) {
    List<Text> texts = new ArrayList<>();
    for (TokenSequence sequence : sequences) {
      int length = sequence.length();
      texts.add(
          new Text(
              texts.size(),
              Arrays.stream(sequence.ids()).asLongStream().toArray(),
              IntStream.range(0, length).mapToLong(sequence::typeId).toArray(),
              LongStream.range(0, length).toArray()));
    }
    return checked(texts, texts.stream().mapToLong(Text::length).max().orElse(0), device);
  }

  private static UnpaddedTokens checked(List<Text> texts, long width, Device device) {
    if (texts.isEmpty() || texts.stream().anyMatch(text -> text.length() == 0)) {
      throw new UserError("an encoder needs at least one text, and of each at least one token");
    }
    return new UnpaddedTokens(texts, width, device);
  }

  private static List<Block> blocks(List<Text> texts) {
    List<Block> blocks = new ArrayList<>();
    long from = 0;
    for (int first = 0; first < texts.size(); ) {
      long length = texts.get(first).length();
      int next = first;
      while (next < texts.size() && texts.get(next).length() == length) {
        next++;
      }
      blocks.add(new Block(from, next - first, length));
      from += (next - first) * length;
      first = next;
    }
    return blocks;
  }

  /** The texts, grouped by length. */
  public List<Block> blocks() {
    return blocks;
  }

  /** Token ids, {@code [N]}. */
  public Tensor ids() {
    return tensor(text -> Arrays.stream(text.ids()));
  }

  /** Token types, {@code [N]}. */
  public Tensor types() {
    return tensor(text -> Arrays.stream(text.types()));
  }

  /** The column of each token in the padded batch, {@code [N]}. */
  public Tensor columns() {
    return tensor(text -> Arrays.stream(text.columns()));
  }

  /** Number of columns of the padded batch. */
  public long width() {
    return width;
  }

  /**
   * Returns position ids that count from {@code padId + 1}; tokens with the id of the padding token
   * are not counted and have the position {@code padId}: {@code [N]}.
   */
  public Tensor positionsAfter(int padId) {
    return tensor(
        text -> {
          long[] positions = new long[text.ids().length];
          long next = padId + 1L;
          for (int i = 0; i < positions.length; i++) {
            positions[i] = text.ids()[i] == padId ? padId : next++;
          }
          return Arrays.stream(positions);
        });
  }

  private interface Values {
    LongStream of(Text text);
  }

  private Tensor tensor(Values values) {
    long[] all = texts.stream().flatMapToLong(values::of).toArray();
    return Ops.tensor(all).to(device, ScalarType.Long);
  }

  /**
   * Puts hidden states back into the padded batch, with zeros for padding.
   *
   * @param hidden {@code [N, H]}
   * @return {@code [B, T, H]}
   */
  public Tensor padded(Tensor hidden) {
    long all = batch * width;
    long[] cells =
        texts.stream()
            .flatMapToLong(
                text -> Arrays.stream(text.columns()).map(column -> text.row() * width + column))
            .toArray();
    boolean isSame = cells.length == all && isAscending(cells);
    Tensor rows =
        isSame
            ? hidden
            : torch
                .zeros(new long[] {all, hidden.size(1)}, hidden.options())
                .index_copy(0, Ops.tensor(cells).to(device, ScalarType.Long), hidden);
    return rows.view(batch, width, hidden.size(1));
  }

  private static boolean isAscending(long... values) {
    return IntStream.range(1, values.length).allMatch(i -> values[i - 1] < values[i]);
  }

  /**
   * Pools each text's hidden states into one vector.
   *
   * @param hidden {@code [N, H]}
   * @param pooling from {@code [texts, length, H]} to {@code [texts, H]}
   * @return {@code [B, H]}, in the order of the batch
   */
  public Tensor pooled(Tensor hidden, UnaryOperator<Tensor> pooling) {
    Tensor[] pooled =
        blocks.stream().map(block -> pooling.apply(block.of(hidden))).toArray(Tensor[]::new);
    Tensor inOrder = pooled.length == 1 ? pooled[0] : Ops.join(0, pooled);
    long[] placeOf = new long[batch];
    for (int i = 0; i < batch; i++) {
      placeOf[texts.get(i).row()] = i;
    }
    return isAscending(placeOf)
        ? inOrder
        : inOrder.index_select(0, Ops.tensor(placeOf).to(device, ScalarType.Long));
  }

  /** Returns the value of each token's row, such as its adapter. */
  public <T> List<T> ofTokens(List<T> ofRows) {
    List<T> all = new ArrayList<>();
    for (Text text : texts) {
      T own = ofRows.get(text.row());
      all.addAll(Collections.nCopies(text.ids().length, own));
    }
    return all;
  }
}
