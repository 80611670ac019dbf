package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.train.LossCurve.Point;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class LossChartTest {
  private static final RunCurves RUN =
      new RunCurves(
          List.of(new Point(5, 4), new Point(10, 2)),
          List.of(new Point(0, 4), new Point(5, 1), new Point(10, 2)));

  @Test
  void evaluationsAreDrawnAsMeasured() {
    assertThat(LossChart.of(RUN).html())
        .contains("<b>Validation loss</b> <span>4.00 → 2.00</span>")
        .contains("<polyline class=\"line\" points=\"0.0,0.0 500.0,750.0 1000.0,500.0\"/>")
        .contains("<path class=\"dots\" d=\"M0.0,0.0h0M500.0,750.0h0M1000.0,500.0h0\"/>");
  }

  @Test
  void trainingLossIsDrawnAsARunningMeanOfItsPoints() {
    assertThat(LossChart.of(RUN).html())
        .contains("<polyline class=\"raw\" points=\"500.0,0.0 1000.0,500.0\"/>")
        .contains("<polyline class=\"line\" points=\"500.0,0.0 1000.0,250.0\"/>");
  }

  @Test
  void runWithoutEvaluationsHasOnePanel() {
    assertThat(LossChart.of(new RunCurves(RUN.train(), List.of())).html())
        .containsOnlyOnce("<figure")
        .doesNotContain("Validation");
  }

  @Test
  void pictureShowsBothCurves() throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(LossChart.of(RUN).png()));
    int[] pixels =
        image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    assertThat(pixels).contains(0xff0072b2, 0xffd55e00);
  }
}
