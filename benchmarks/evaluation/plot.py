def draw_plot(run, path):
    pass
