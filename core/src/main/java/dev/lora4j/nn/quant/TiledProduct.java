package dev.lora4j.nn.quant;

import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
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
 * {@code g W}. Each tile fits the cache, is multiplied into its columns of the result, and is
 * overwritten by the next.
 *
 * <p>In an {@link AutogradContext} the backward dequantises again. Elsewhere libtorch keeps the
 * whole dequantised weight for it.
 */
final class TiledProduct {
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
    if (!x.is_cpu() || x.scalar_type().intern() != ScalarType.Float || recorded && pass == null) {
      Tensor dense = weight.dense().to(x.device(), x.scalar_type());
      return Ops.linear(x, dense, bias);
    }
    Tensor y = recorded ? recorded(x, pass) : product(x);
    return withBias(y, bias);
  }

  private static Tensor withBias(Tensor y, @Nullable Tensor bias) {
    return bias == null ? y : y.add(bias);
  }

  /**
   * Computes the product outside of the graph. In the graph it depends on no element of x, and the
   * gradient of x is replaced by {@code g W}.
   */
  private Tensor recorded(Tensor x, AutogradContext pass) {
    Tensor alias = torch.alias(x);
    Tensor product = product(x.detach());
    Tensor nothing = alias.flatten().narrow(0, 0, 0).view(0, out);
    Tensor y =
        product.view(-1, out).index_add_(0, NO_ROWS, nothing).view(product.sizes());
    AtomicReference<Tensor> gradient = new AtomicReference<>();
    pass.onBackward(
        y,
        List.of(),
        g -> {
          gradient.set(Ops.keep(g.detach()));
          return g;
        });
    pass.onBackward(alias, List.of(), ignored -> timesWeight(gradient.getAndSet(null)));
    return torch.alias(y); // so that a caller's hook runs before these
  }

  private static final Tensor NO_ROWS = Ops.keep(Ops.tensor(new long[0]));

  /** Returns {@code x Wᵀ}, {@code [batch…, out]}, without a gradient. */
  private Tensor product(Tensor x) {
    return Ops.inScope(
        () -> {
          try (NoGradGuard guard = new NoGradGuard()) {
            long[] shape = Ops.shape(x);
            shape[shape.length - 1] = out;
            Tensor rows = x.reshape(-1, in);
            Tensor y = torch.empty(new long[] {rows.size(0), out});
            forEachTile(
                (first, tile) ->
                    y.narrow(1, first, tile.size(0)).copy_(Ops.linear(rows, tile, null)));
            return y.view(shape);
          }
        });
  }

  /** Returns {@code g W} and frees g. */
  private Tensor timesWeight(Tensor gradient) {
    Tensor rows = gradient.reshape(-1, out);
    Tensor x = torch.zeros(rows.size(0), in);
    forEachTile((first, tile) -> x.addmm_(rows.narrow(1, first, tile.size(0)), tile));
    long[] shape = Ops.shape(gradient);
    shape[shape.length - 1] = in;
    gradient.deallocate();
    return x.view(shape);
  }

  @FunctionalInterface
  private interface TileUse {
    void accept(long first, Tensor tile);
  }

  private void forEachTile(TileUse use) {
    long rows = Tile.rowsOf(in);
    try (Tile memory = Tile.take(Math.min(rows, out) * in)) {
      for (long first = 0; first < out; first += rows) {
        try (PointerScope scope = new PointerScope()) {
          Tensor tile = memory.of(Math.min(rows, out - first), in);
          weight.dequantize(first, tile);
          use.accept(first, tile);
        }
      }
    }
  }
}
