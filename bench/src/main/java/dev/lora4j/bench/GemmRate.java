package dev.lora4j.bench;

import dev.lora4j.nn.runtime.Engine;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Matrix-multiplication rate of one core: the upper bound for everything else. */
final class GemmRate {
  private static final int SIZE = 512;
  private static final int PRODUCTS = 40;
  private static final int ROUNDS = 5;

  private GemmRate() {}

  /** Returns the best of several rounds, in GFLOPS. */
  static double gflops() {
    Engine.start();
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor a = torch.randn(SIZE, SIZE);
        Tensor b = torch.randn(SIZE, SIZE);
        Tensor c = torch.mm(a, b);
        long start = System.nanoTime();
        for (int i = 0; i < PRODUCTS; i++) {
          torch.mm_out(c, a, b);
        }
        double operations = 2.0 * SIZE * SIZE * SIZE * PRODUCTS;
        best = Math.max(best, operations / (System.nanoTime() - start));
      }
    }
    return best;
  }
}
