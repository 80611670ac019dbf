package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShapeCanvasTest {

  /** Earlier drawings must not show through. */
  @ParameterizedTest
  @EnumSource(ShapeKind.class)
  void imageDependsOnSeedAndIndexAlone(ShapeKind kind) {
    byte[] fresh = new ShapeCanvas().draw(kind, 3, 14);
    ShapeCanvas used = new ShapeCanvas();
    byte[] before = used.draw(ShapeKind.CHECKER, 3, 13);

    assertThat(used.draw(kind, 3, 14)).isEqualTo(fresh).isNotEqualTo(before).hasSize(3 * 32 * 32);
  }

  @ParameterizedTest
  @EnumSource(ShapeKind.class)
  void outlineStaysInsideItsSquare(ShapeKind kind) {
    assertThat(kind.outline().getBounds2D().getMinX()).isGreaterThanOrEqualTo(-1.000001);
    assertThat(kind.outline().getBounds2D().getMaxX()).isLessThanOrEqualTo(1.000001);
    assertThat(kind.outline().getBounds2D().getMinY()).isGreaterThanOrEqualTo(-1.000001);
    assertThat(kind.outline().getBounds2D().getMaxY()).isLessThanOrEqualTo(1.000001);
  }
}
