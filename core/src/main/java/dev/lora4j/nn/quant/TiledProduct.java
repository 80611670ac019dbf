package dev.lora4j.nn.quant;

import static java.util.Objects.requireNonNull;

import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Bfloat16Products;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The product {@code x Wᵀ + b} with a weight that is dequantised tile by tile, and its backward
 * {@code g W}. A tile fits the cache; it is multiplied into its columns of the result, and the next
 * one overwrites it.
 *
 * <p>In an {@link AutogradContext} the backward dequantises again. Elsewhere, on another device,
 * and in another dtype, the whole weight is dequantised, and libtorch keeps it for the backward.
 */
final class TiledProduct {
  private static final Tensor NO_ROWS = Ops.keep(Ops.tensor(new long[0]));

  private final CompactWeights weight;
  private final long out;
  private final long in;

  TiledProduct(CompactWeights weight) {
    this.weight = weight;
    out = weight.shape()[0];
    in = weight.shape()[1];
  }

  Tensor linear(Tensor x, @Nullable Tensor bias) {
    boolean recorded = x.requires_grad() && GradMode.is_enabled();
    AutogradContext pass = AutogradContext.current();
    if (!isTiled(x) || (recorded && pass == null)) {
      return Ops.linear(x, weight.dense().to(x.device(), x.scalar_type()), bias);
    }
    boolean apart = bias != null && bias.requires_grad() && GradMode.is_enabled();
    Tensor rows = product(x.detach().reshape(-1, in), apart ? null : bias);
    long[] shape = Ops.shape(x);
    shape[shape.length - 1] = out;
    Tensor y = recorded ? recorded(x, rows, requireNonNull(pass)).view(shape) : rows.view(shape);
    return apart ? y.add(bias) : y;
  }

  private static boolean isTiled(Tensor x) {
    return x.is_cpu() && x.scalar_type().intern() == ScalarType.Float;
  }

  /**
   * Adds a product that was computed outside of the graph to the graph of x. There it depends on no
   * element of x, and the gradient of x is replaced by {@code g W}.
   */
  private Tensor recorded(Tensor x, Tensor product, AutogradContext pass) {
    Tensor alias = torch.alias(x);
    long[] shape = Ops.shape(x);
    Tensor noRows =
        alias.flatten().narrow(0, 0, 0).clone().view(0, out); // the graph keeps it, not x
    Tensor y = product.index_add_(0, NO_ROWS, noRows);
    AtomicReference<Tensor> gradient = new AtomicReference<>();
    pass.onBackward(
        y,
        List.of(),
        g -> {
          gradient.set(Ops.keep(g.detach()));
          return g;
        });
    pass.onBackward(alias, List.of(), ignored -> timesWeight(gradient.getAndSet(null)).view(shape));
    return torch.alias(y); // so that a caller's hook runs before these
  }

  /** Returns {@code x Wᵀ + b} of rows, {@code [n, out]}, without a gradient. */
  private Tensor product(Tensor x, @Nullable Tensor bias) {
    return Ops.inScope(
        () -> {
          try (NoGradGuard guard = new NoGradGuard()) {
            Tensor y = Ops.empty(x.size(0), out);
            multiply(x, y);
            return bias == null ? y : y.add_(bias);
          }
        });
  }

  /** Returns {@code g W}, {@code [n, in]}, and frees g. */
  private Tensor timesWeight(Tensor gradient) {
    Tensor x = Ops.empty(gradient.size(0), in);
    multiplyTransposed(gradient, x);
    gradient.deallocate();
    return x;
  }

  /** Computes {@code y = x Wᵀ}. */
  void multiply(Tensor x, Tensor y) {
    if (Bfloat16Products.suit(x.size(0))) {
      multiplyRounded(x, y);
      return;
    }
    boolean few = x.size(0) <= (Engine.multipliesByMkl() ? 1 : CostModel.SKINNY_MAX_ROWS);
    shareTiles(
        (first, tile) -> {
          Tensor columns = y.narrow(1, first, tile.size(0));
          if (few) {
            columns.copy_(Ops.linear(x, tile, null));
          } else {
            torch.mm_out(columns, x, tile.t());
          }
        });
  }

  private void multiplyRounded(Tensor x, Tensor y) {
    Tensor rounded = x.to(ScalarType.BFloat16);
    shareTiles(
        (first, tile) ->
            y.narrow(1, first, tile.size(0))
                .copy_(torch.mm(rounded, tile.to(ScalarType.BFloat16).t())));
  }

  /** Computes {@code x = g W}. */
  void multiplyTransposed(Tensor g, Tensor x) {
    forEachTile(
        (first, tile) -> {
          Tensor columns = g.narrow(1, first, tile.size(0));
          if (first == 0) {
            torch.mm_out(x, columns, tile);
          } else {
            x.addmm_(columns, tile);
          }
        });
  }

  @FunctionalInterface
  private interface TileUse {
    void accept(long first, Tensor tile);
  }

  /** Uses each tile on one of the threads of the caller's team. */
  private void shareTiles(TileUse use) {
    int tiles = Math.toIntExact((out + Tile.rowsOf(in) - 1) / Tile.rowsOf(in));
    ThreadTeam.parallel(
        (part, team) -> {
          try (NoGradGuard guard = new NoGradGuard()) {
            team.share(tiles, 1, (from, to) -> forTiles(from, to, use));
          }
        });
  }

  private void forEachTile(TileUse use) {
    forTiles(0, Long.MAX_VALUE, use);
  }

  private void forTiles(long from, long to, TileUse use) {
    long rows = Tile.rowsOf(in);
    try (Tile memory = Tile.take(Math.min(rows, out) * in)) {
      for (long tile = from; tile < to && tile * rows < out; tile++) {
        try (PointerScope scope = new PointerScope()) {
          long first = tile * rows;
          long count = Math.min(rows, out - first);
          use.accept(first, weight.tile(first, count, memory.first(count * in)));
        }
      }
    }
  }
}
