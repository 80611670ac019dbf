package dev.lora4j.cli.report;

import dev.lora4j.train.LossCurve;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The two pictures as PNG, for slides and chats: light, and twice as fine as a screen's pixels. */
final class PngCharts {
  private static final int WIDTH = 820;
  private static final int HEIGHT = 440;
  private static final int WIDEST = 2400;
  private static final int PIXELS_A_CLASS = 62;
  private static final int LEVEL_LABELS = 12;
  private static final int SCALE = 2;

  private static final Color INK = new Color(0x1d232b);
  private static final Color SOFT = new Color(0x5a6472);
  private static final Color RULE = new Color(0xe3e1dc);
  private static final Color BASE = new Color(0x0072b2);
  private static final Color LORA = new Color(0xd55e00);
  private static final Color PALE = new Color(0xf3c6a5);

  private PngCharts() {}

  /** The base's loss, and from where it ends the adapter's. */
  static byte[] loss(DemoReport report, Story story) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("Loss")
            .xAxisTitle("steps")
            .yAxisTitle("cross-entropy")
            .build();
    plain(chart.getStyler());
    chart.getStyler().setYAxisMin(0.0).setXAxisMin(0.0);
    chart.getStyler().setDecimalPattern("#,##0.##");
    List<LossCurve.Point> base = report.baseLoss();
    long end = base.isEmpty() ? 0 : base.get(base.size() - 1).step();
    curve(chart, "base, all classes", base, 0, BASE);
    curve(chart, "LoRA, " + story.tunedNames(), report.loraLoss(), end, LORA);
    return png(chart, WIDTH);
  }

  private static void curve(
      XYChart chart, String name, List<LossCurve.Point> points, long firstStep, Color color) {
    if (points.isEmpty()) {
      return;
    }
    double[] steps = points.stream().mapToDouble(point -> firstStep + point.step()).toArray();
    double[] raw = points.stream().mapToDouble(LossCurve.Point::loss).toArray();
    double[] smooth = Smooth.of(points).stream().mapToDouble(LossCurve.Point::loss).toArray();
    Color faint = new Color(color.getRed(), color.getGreen(), color.getBlue(), 90);
    line(chart.addSeries(name + ", raw", steps, raw), faint, 1).setShowInLegend(false);
    line(chart.addSeries(name, steps, smooth), color, 2.5f);
  }

  private static XYSeries line(XYSeries series, Color color, float width) {
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    return series;
  }

  /** Two bars a class; the fine-tuned ones come first, starred and in the full colour. */
  static byte[] accuracy(DemoReport report) {
    List<String> classes = new ArrayList<>(report.fineTuned());
    classes.addAll(report.others());
    int width = Math.max(WIDTH, Math.min(WIDEST, PIXELS_A_CLASS * classes.size()));
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(width)
            .height(HEIGHT)
            .title("Accuracy, class by class")
            .yAxisTitle("%")
            .build();
    plain(chart.getStyler());
    chart.getStyler().setAvailableSpaceFill(0.72).setYAxisMin(0.0).setYAxisMax(100.0);
    chart.getStyler().setXAxisLabelRotation(classes.size() > LEVEL_LABELS ? 60 : 0);
    String star = chart.getStyler().getAxisTickLabelsFont().canDisplay('★') ? "★ " : "* ";
    List<String> labels =
        classes.stream()
            .map(name -> report.fineTuned().contains(name) ? star + name : name)
            .toList();
    List<Double> before = new ArrayList<>();
    List<Double> tuned = new ArrayList<>();
    List<Double> other = new ArrayList<>();
    for (String name : classes) {
      double after = 100 * report.after().classes().getOrDefault(name, 0.0);
      before.add(100 * report.before().classes().getOrDefault(name, 0.0));
      tuned.add(report.fineTuned().contains(name) ? after : 0);
      other.add(report.fineTuned().contains(name) ? 0 : after);
    }
    chart.addSeries("base", labels, before).setFillColor(BASE);
    chart.addSeries(star + "adapter, fine-tuned class", labels, tuned).setFillColor(LORA);
    if (!report.others().isEmpty()) {
      CategorySeries others = chart.addSeries("adapter, other class", labels, other);
      others.setOverlapped(true).setFillColor(PALE);
    }
    return png(chart, width);
  }

  private static void plain(AxesChartStyler style) {
    style
        .setChartBackgroundColor(Color.WHITE)
        .setPlotBackgroundColor(Color.WHITE)
        .setChartFontColor(INK)
        .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17))
        .setChartTitleBoxVisible(false)
        .setPlotBorderVisible(false)
        .setChartPadding(18)
        .setLegendPosition(Styler.LegendPosition.OutsideS)
        .setLegendLayout(Styler.LegendLayout.Horizontal)
        .setLegendBorderColor(Color.WHITE)
        .setLegendBackgroundColor(Color.WHITE)
        .setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    style
        .setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
        .setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
        .setAxisTickLabelsColor(SOFT)
        .setAxisTicksLineVisible(false)
        .setAxisTicksMarksVisible(false)
        .setPlotGridLinesColor(RULE)
        .setPlotGridLinesStroke(new BasicStroke(1))
        .setPlotGridVerticalLinesVisible(false);
  }

  private static byte[] png(Chart<?, ?> chart, int width) {
    BufferedImage image =
        new BufferedImage(SCALE * width, SCALE * HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.scale(SCALE, SCALE);
    chart.paint(graphics, width, HEIGHT);
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false);
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
