// A weight-stationary int8 systolic array: the device the vector packs are tried on.
//
// Weights shift in from the top, one row a clock, into a shadow register per PE; `switch_in` enters
// with the first activation of a tile and moves with it, and from there on each PE uses what its
// shadow holds. Activations enter row r r clocks late (skewed here) and move right; the column sum
// moves down. It has SUM_BITS bits and wraps.
module pe #(
    parameter int SUM_BITS = 32
) (
    input  logic                       clk,
    input  logic                       shift,
    input  logic signed [7:0]          weight_in,
    output logic signed [7:0]          weight_out,
    input  logic                       switch_in,
    output logic                       switch_out,
    input  logic signed [7:0]          act_in,
    output logic signed [7:0]          act_out,
    input  logic signed [SUM_BITS-1:0] sum_in,
    output logic signed [SUM_BITS-1:0] sum_out
);
  logic signed [7:0] shadow, active, weight;
  logic signed [15:0] product;

  assign weight = switch_in ? shadow : active;
  assign product = act_in * weight;
  assign weight_out = shadow;

  always_ff @(posedge clk) begin
    if (shift) shadow <= weight_in;
    if (switch_in) active <= shadow;
    act_out <= act_in;
    switch_out <= switch_in;
    sum_out <= sum_in + SUM_BITS'(product);
  end
endmodule

module systolic_array #(
    parameter int ROWS = 16,
    parameter int COLS = 16,
    parameter int SUM_BITS = 32
) (
    input  logic                     clk,
    input  logic                     load,        // shift one row of weights in
    input  logic [COLS*8-1:0]        load_word,   // column 0 in the low byte
    input  logic                     switch_in,   // with the first vector of a tile
    input  logic [ROWS*8-1:0]        act_word,    // row 0 in the low byte; 0 in bubbles
    output logic [COLS*SUM_BITS-1:0] sum_word     // column c is c clocks later than column 0
);
  for (genvar r = 0; r < ROWS; r++) begin : row
    // Skew: r registers before row r.
    logic signed [7:0] delayed_act;
    logic delayed_switch;
    if (r == 0) begin : none
      assign delayed_act = act_word[7:0];
      assign delayed_switch = switch_in;
    end else begin : skew
      logic [r*8-1:0] acts;
      logic [r-1:0] switches;
      always_ff @(posedge clk) begin
        acts <= (r * 8)'({acts, act_word[r*8+:8]});
        switches <= r'({switches, switch_in});
      end
      assign delayed_act = acts[r*8-1-:8];
      assign delayed_switch = switches[r-1];
    end

    for (genvar c = 0; c < COLS; c++) begin : col
      logic signed [7:0] weight_in, weight_out, act_in, act_out;
      logic switch_here, switch_out;
      logic signed [SUM_BITS-1:0] sum_in, sum_out;
      if (r == 0) begin : top
        assign weight_in = load_word[c*8+:8];
        assign sum_in = '0;
      end else begin : inner
        assign weight_in = row[r-1].col[c].weight_out;
        assign sum_in = row[r-1].col[c].sum_out;
      end
      if (c == 0) begin : left
        assign act_in = delayed_act;
        assign switch_here = delayed_switch;
      end else begin : middle
        assign act_in = row[r].col[c-1].act_out;
        assign switch_here = row[r].col[c-1].switch_out;
      end
      pe #(
          .SUM_BITS(SUM_BITS)
      ) cell_i (
          .clk(clk),
          .shift(load),
          .weight_in(weight_in),
          .weight_out(weight_out),
          .switch_in(switch_here),
          .switch_out(switch_out),
          .act_in(act_in),
          .act_out(act_out),
          .sum_in(sum_in),
          .sum_out(sum_out)
      );
      if (r == ROWS - 1) begin : bottom
        assign sum_word[c*SUM_BITS+:SUM_BITS] = sum_out;
      end
    end
  end
endmodule
